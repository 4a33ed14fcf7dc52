package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/**
 * A model that proves its own state: every cache entry, the recurrent state and the next token are hashes of all tokens
 * absorbed. The {@link DigestBackend} computes it; this class says what is right, as plain functions of the ids.
 *
 * <p><b>Tokens.</b> Ids 0 to 255 are bytes; then come {@code <|endoftext|>} 256, {@code <|im_start|>} 257 and
 * {@code <|im_end|>} 258, which are special, and {@code <think>} 259, {@code </think>} 260, {@code <tool_call>} 261 and
 * {@code </tool_call>} 262, which are not.
 *
 * <p><b>State.</b> The network is one Mamba and one dense attention layer. Row i of {@code layers.1.key} is the 64-bit hash
 * of tokens 0 to i; row i of {@code layers.1.value} is token i and its position; {@code layers.0.conv} holds the last three
 * tokens and their hashes; {@code layers.0.ssm} holds the running hash, the length and the automaton of scripts. Every
 * number is a byte as a whole number from 0 to 255, so float32 and bfloat16 carry it exactly.
 *
 * <p><b>Next token.</b> With h the hash of all tokens: {@code <|im_end|>} if h mod 31 = 0; else {@code </think>} if the
 * assistant message has an open think block and h mod 7 = 0; else the lower-case hexadecimal digit h mod 16. After
 * {@code </think>} in an assistant message always a newline.
 *
 * <p><b>Scripts.</b> Every line of a user message of the form below is a command. When an assistant message begins, the
 * commands of the last user message before it are emitted in order, and only then the tokens above. A script is emitted in
 * the first assistant message after its user message, and dropped when that message ends. The hash covers all tokens
 * whatever the script does; the script decides only which token the logits favour. Every token absorbed in the assistant
 * message counts as the next one of the current command, equal to it or not, but for those named below.
 *
 * <ul>
 * <li>{@code !say TEXT}: the tokens of TEXT to the end of the line, {@code \n} (backslash, n) as a newline, control tokens
 *     and think tags left out.
 * <li>{@code !think N}: {@code <think>}, newline, N digits of the hash, newline, {@code </think>}; what a template already
 *     opened counts as emitted. A {@code </think>} from elsewhere ends the command. The newline after {@code </think>} is
 *     the general rule.
 * <li>{@code !call NAME KEY=VALUE …}: {@code <tool_call>}, newline, {@code <function=NAME>}, newline, for each pair (without
 *     spaces) {@code <parameter=KEY>}, newline, VALUE, newline, {@code </parameter>}, newline; then {@code </function>},
 *     newline, {@code </tool_call>}.
 * <li>{@code !loop}: {@code abcdefg} and a space, again and again; ends only at a {@code </think>} from elsewhere, once it
 *     has emitted something.
 * <li>{@code !end}: {@code <|im_end|>}.
 * <li>{@code !fail}: the run fails that absorbs the token by which this command becomes the current one of an open assistant
 *     message; if it comes first, that is the newline after {@code <|im_start|>assistant}.
 * </ul>
 *
 * <p>{@code !say}, {@code !call} and {@code !end} first emit {@code </think>} where a think block is open; for them and for
 * {@code !loop} think tags and the newline behind one do not count, and for the first three nothing inside a think block.
 * Lines that are no command are ignored.
 */
public final class DigestModel {
    /** {@code <|endoftext|>}. */
    public static final int END_OF_TEXT = 256;
    /** {@code <|im_start|>}. */
    public static final int IM_START = 257;
    /** {@code <|im_end|>}, the end of a turn. */
    public static final int IM_END = 258;
    /** {@code <think>}. */
    public static final int THINK = 259;
    /** {@code </think>}. */
    public static final int END_THINK = 260;
    /** {@code <tool_call>}. */
    public static final int TOOL_CALL = 261;
    /** {@code </tool_call>}. */
    public static final int END_TOOL_CALL = 262;

    static final int VOCABULARY = 263;
    static final List<String> TAGS = List.of(
            "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>", "</tool_call>");

    /** Keys and values of one token: 2 heads of 4. */
    static final int ROW = 8;

    private DigestModel() {}

    /** {@return its network: a Mamba layer and a dense attention layer} */
    public static ModelSpec spec() {
        return new ModelSpec(
                "nemotron_h",
                VOCABULARY,
                8,
                1e-5,
                true,
                List.of(
                        new LayerSpec.Mamba(2, 4, 1, 4, 4, 0, Double.POSITIVE_INFINITY),
                        new LayerSpec.Attention(new AttentionHeads(4, 2, 4), null)));
    }

    /** {@return real weights for the network, a few KB of bfloat16, so that other backends can load the folder, too} */
    public static MemoryWeights weights() {
        return new RandomModel(spec(), 1, DType.BF16).weights();
    }

    /**
     * Writes a whole model folder: config, weights, tokenizer and template.
     *
     * @param folder made if it does not exist; files of the same names are replaced
     * @param template which chat template to write
     * @throws IOException if a file cannot be written
     */
    public static void writeTo(Path folder, TemplateKind template) throws IOException {
        DigestFolder.write(folder, template);
    }

    /**
     * {@return the ids of a text in which the tags stand for their tokens, as a tokenizer without marks would give}
     *
     * @param text any text
     */
    public static int[] encode(String text) {
        int[] ids = new int[text.length() * 3];
        int count = 0;
        int at = 0;
        while (at < text.length()) {
            int tag = tagAt(text, at);
            if (tag >= 0) {
                ids[count++] = 256 + tag;
                at += TAGS.get(tag).length();
                continue;
            }
            int next = text.offsetByCodePoints(at, 1);
            for (byte b : text.substring(at, next).getBytes(StandardCharsets.UTF_8)) {
                ids[count++] = b & 0xFF;
            }
            at = next;
        }
        return Arrays.copyOf(ids, count);
    }

    private static int tagAt(String text, int at) {
        for (int i = 0; i < TAGS.size(); i++) {
            if (text.startsWith(TAGS.get(i), at)) {
                return i;
            }
        }
        return -1;
    }

    /**
     * {@return the text of ids, tags included}
     *
     * @param ids token ids
     */
    public static String decode(int... ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            if (id < 256) {
                bytes.write(id);
            } else {
                bytes.writeBytes(TAGS.get(id - 256).getBytes(StandardCharsets.US_ASCII));
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /**
     * {@return the id that the logits favour after these ids}
     *
     * @param ids all ids from the first on, at least one
     */
    public static int next(int... ids) {
        return absorb(ids, new long[ids.length]).favoured(i -> ids[i]);
    }

    /**
     * {@return what greedy decoding appends, up to and including an end token}
     *
     * @param prompt all ids from the first on, at least one
     * @param most how many ids to give at most
     */
    public static int[] greedy(int[] prompt, int most) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + most);
        IntUnaryOperator at = i -> ids[i];
        DigestRecurrence state = absorb(prompt, new long[prompt.length]);
        int count = prompt.length;
        while (count < ids.length) {
            int id = state.favoured(at);
            ids[count++] = id;
            if (id == IM_END) {
                break;
            }
            state.absorb(id, at);
        }
        return Arrays.copyOfRange(ids, prompt.length, count);
    }

    /**
     * {@return the digest of the state that these ids make}
     *
     * @param ids all ids from the first on; may be empty
     */
    public static long digest(int... ids) {
        long[] hashes = new long[ids.length];
        DigestRecurrence state = absorb(ids, hashes);
        long digest = fold(fold(1, state.conv()), state.ssm());
        float[] row = new float[ROW];
        for (long hash : hashes) {
            new DigestBytes(row, 0).put(hash, 8);
            digest = fold(digest, row);
        }
        for (int i = 0; i < ids.length; i++) {
            putValue(row, 0, ids[i], i);
            digest = fold(digest, row);
        }
        return digest;
    }

    /**
     * {@return the digest of all that a checkpoint holds, read through {@link Checkpoint#write}}
     *
     * @param checkpoint an open checkpoint of this model, of whatever backend or wrapper
     */
    public static long digest(Checkpoint checkpoint) {
        Map<String, float[]> tensors = read(checkpoint);
        long digest = fold(fold(1, tensor(tensors, "layers.0.conv")), tensor(tensors, "layers.0.ssm"));
        return fold(fold(digest, tensor(tensors, "layers.1.key")), tensor(tensors, "layers.1.value"));
    }

    /**
     * {@return the digest of all that a state holds; takes a checkpoint for a moment}
     *
     * @param state an open state of this model, used by the calling thread
     */
    public static long digest(SequenceState state) {
        try (Checkpoint checkpoint = state.checkpoint()) {
            return digest(checkpoint);
        }
    }

    /**
     * {@return the ids that a checkpoint has absorbed, as its cache tells}
     *
     * @param checkpoint an open checkpoint of this model
     */
    public static int[] ids(Checkpoint checkpoint) {
        float[] values = tensor(read(checkpoint), "layers.1.value");
        int[] ids = new int[values.length / ROW];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) new DigestBytes(values, i * ROW).take(2);
        }
        return ids;
    }

    static void putValue(float[] values, int at, int id, int position) {
        new DigestBytes(values, at).put(id, 2).put(position, 4).put(0, 2);
    }

    private static DigestRecurrence absorb(int[] ids, long[] hashes) {
        DigestRecurrence state = new DigestRecurrence();
        for (int i = 0; i < ids.length; i++) {
            state.absorb(ids[i], at -> ids[at]);
            hashes[i] = state.hash();
        }
        return state;
    }

    private static float[] tensor(Map<String, float[]> tensors, String name) {
        float[] tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("expected a checkpoint of the digest model, found no tensor " + name);
        }
        return tensor;
    }

    private static Map<String, float[]> read(Checkpoint checkpoint) {
        Map<String, float[]> tensors = new HashMap<>();
        checkpoint.write(new StateSink() {
            private float[] current = {};
            private DType dtype = DType.F32;
            private int at;

            @Override
            public boolean begin(TensorInfo tensor) {
                current = new float[Math.toIntExact(tensor.elements())];
                dtype = tensor.dtype();
                at = 0;
                tensors.put(tensor.name(), current);
                return true;
            }

            @Override
            public void write(ByteBuffer bytes) {
                ByteBuffer ordered = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
                while (ordered.hasRemaining()) {
                    current[at++] = Tensors.next(ordered, dtype);
                }
            }
        });
        return tensors;
    }

    private static long fold(long digest, float[] numbers) {
        long folded = digest;
        for (float number : numbers) {
            folded = Long.rotateLeft(folded ^ Float.floatToIntBits(number), 23) * 0x9FB21C651E98DF25L;
        }
        return folded;
    }
}
