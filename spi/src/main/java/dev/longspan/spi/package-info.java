/**
 * What a backend must offer, at the level of the model.
 *
 * <p>The path of a model is: {@link BackendProvider#probe} and {@link BackendProvider#open}; {@link Backend#supports} and
 * {@link Backend#plan} before any weight is read; {@link Backend#load}; then {@link LanguageModel#newState() states} that
 * only grow, {@link LanguageModel#forward batches} of runs that make them grow, and immutable
 * {@link SequenceState#checkpoint checkpoints} from which other states start.
 *
 * <h2>Rules of the contract</h2>
 *
 * <p>The numbers are used by the Javadoc of this package and by the conformance kit.
 *
 * <table>
 * <caption>Rules</caption>
 * <tr><th>id</th><th>rule</th></tr>
 * <tr><td>P1</td><td>{@code probe} is cheap, never throws, and takes no device memory.</td></tr>
 * <tr><td>P2</td><td>{@code id} is stable and matches {@code [a-z][a-z0-9-]{0,31}}.</td></tr>
 * <tr><td>P3</td><td>{@code open} of what {@code probe} calls unavailable throws {@link BackendUnavailableException} with
 *     the same cause and remedy; else the backend is on a device that {@code probe} lists, the one asked for if any.</td></tr>
 * <tr><td>P4</td><td>A backend starts only daemon threads and has joined them when {@code close} returns. It prints
 *     nothing, uses no network and sets no system property.</td></tr>
 * <tr><td>P5</td><td>Opening and closing many times does not make the process grow.</td></tr>
 * <tr><td>M1</td><td>{@code supports} and {@code plan} read no weights.</td></tr>
 * <tr><td>M2</td><td>What a model, its states and its workspace use never exceeds {@code plan}.</td></tr>
 * <tr><td>M3</td><td>A missing or misshapen weight is a {@link ModelLoadException} that names the tensor; nothing of
 *     the failed load stays in memory.</td></tr>
 * <tr><td>M4</td><td>What does not fit is refused with {@link BackendMemoryException}, or fails its run alone with one, and
 *     changes nothing else.</td></tr>
 * <tr><td>N1</td><td>Logits, and the state they leave, are those of the network's definition, within the tolerance of the
 *     {@link NumericMode}.</td></tr>
 * <tr><td>B1</td><td>How ids are split into calls of {@code forward} does not matter: a state depends on its ids alone
 *     (bit for bit with {@link Feature#BATCH_EXACT}, else within the tolerance of the {@link NumericMode}).</td></tr>
 * <tr><td>B2</td><td>A batch equals its runs computed alone, in any order (as exact as B1).</td></tr>
 * <tr><td>B3</td><td>A run that fails does not change the result of any other run.</td></tr>
 * <tr><td>B4</td><td>After a failed run its state can only be closed; every other use throws
 *     {@link IllegalStateException}.</td></tr>
 * <tr><td>B5</td><td>A malformed batch (closed state, foreign state, the same state twice, an id outside the vocabulary,
 *     too many runs or tokens) throws {@link IllegalArgumentException} or {@link IllegalStateException} before
 *     anything is computed or changed.</td></tr>
 * <tr><td>L1</td><td>{@link Logits} are valid until the next {@code forward} of the same model; later use throws
 *     {@link IllegalStateException}.</td></tr>
 * <tr><td>L2</td><td>{@code argMax} answers the lowest id among equal largest logits.</td></tr>
 * <tr><td>L3</td><td>Logits that are not finite fail their run.</td></tr>
 * <tr><td>S1</td><td>A state only grows. A new state has length 0, or the length of the checkpoint it starts from.</td></tr>
 * <tr><td>S2</td><td>A checkpoint is immutable: what happens later to any state does not change it.</td></tr>
 * <tr><td>S3</td><td>A state started from a checkpoint continues exactly as the state the checkpoint was taken of
 *     would have, whatever was computed in between.</td></tr>
 * <tr><td>S4</td><td>States that start from one checkpoint are independent of each other.</td></tr>
 * <tr><td>S5</td><td>Full pages of keys and values are shared, never copied; {@code bytes} counts all pages a state
 *     refers to, {@code exclusiveBytes} those nobody else does.</td></tr>
 * <tr><td>S6</td><td>A checkpoint lives on when the state it was taken of is closed, and the other way round.</td></tr>
 * <tr><td>X1</td><td>A written and read checkpoint continues as the original would (bitwise for equal data types),
 *     also when another backend wrote it.</td></tr>
 * <tr><td>X2</td><td>{@link Checkpoint#write}, {@link Checkpoint#close}, {@link LanguageModel#readCheckpoint} and all getters
 *     may run on any thread beside {@code forward} and do not disturb it.</td></tr>
 * <tr><td>T1</td><td>A model belongs to no thread: it may be loaded on one, beside others that are loaded, and used on others, one at
 *     a time.</td></tr>
 * <tr><td>C1</td><td>A {@link Feature} that is not claimed is refused with {@link UnsupportedFeatureException}.</td></tr>
 * <tr><td>Z1</td><td>{@code close} may be called twice and in any order of owner and owned; every later call of anything
 *     else throws {@link IllegalStateException}. What is not owned does not notice: other models, and other backends.
 *     A model or a backend may be closed on any thread while {@code forward} runs, which then ends as usual or throws
 *     {@link IllegalStateException}.</td></tr>
 * <tr><td>A1</td><td>{@link AttentionKernels} compute the functions that their Javadoc defines.</td></tr>
 * </table>
 *
 * <h2>Threads</h2>
 *
 * <p>For each model one thread at a time, the engine's, calls {@link LanguageModel#newState}, {@link LanguageModel#forward},
 * {@link SequenceState#checkpoint} and {@link SequenceState#close}; another thread may do so for another model.
 * Which thread that is may change from call to call, and it need not be the one that loaded the model (rule T1).
 * All methods of {@link Backend} may be called from any thread, several loads at once among them, and so may the {@code close} of a
 * model (rule Z1). {@link Checkpoint#write}, {@link Checkpoint#close}, {@link LanguageModel#readCheckpoint} and all getters may be called from any thread beside it (rule X2). Taking and
 * releasing pages, loading and closing are therefore the only operations that a backend must make safe for several threads.
 *
 * <p>Unless said otherwise no parameter and no result is ever null.
 */
@NullMarked
package dev.longspan.spi;

import org.jspecify.annotations.NullMarked;
