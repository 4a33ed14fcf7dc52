package dev.longspan.tck;

import java.util.List;
import java.util.stream.Stream;

/** What can be wrong with a backend, one thing at a time, and the rules that must notice it. */
enum Flaw {
    NONE("", ""),
    CLAIMS_LITTLE("", ""),
    KNOWS_NO_NETWORK("", ""),
    KNOWS_NO_ATTENTION("", ""),
    KNOWS_NO_STATE("", ""),
    SMALL_BATCHES("", ""),
    SINGLE_TOKENS("", ""),
    LARGE_PAGES("", ""),
    NEEDS_MUCH_MEMORY("", ""),
    WORKSPACE_IS_LATE("", ""),
    WORKSPACE_GROWS("", ""),
    WORKSPACE_STAYS("", ""),
    KEEPS_ONE_THREAD("", ""),
    LOGS("", ""),
    KNOWS_HEADS_OF_128("", ""),
    KNOWS_HEADS_OF_100("", ""),
    CLAIMS_MUCH("", ""),
    CLAIMS_EXACTNESS(
            "continued from a read checkpoint",
            "X1.continues X1.base X1.empty X1.released X2.beside X1.borders N1.sizes N1.many N1.heads N1.sums N1.deep N1.threads N1.long N1.dense N1.window N1.candidates X1.siblings N1.wide N1.inner"),
    ROUNDS_TO_BF16("", ""),
    ROUNDS_TO_F16("", ""),
    CAPITAL_ID("id 'Oracle' does not match", "P2.name"),
    OTHER_VERSION("spiVersion is 7", "P2.name"),
    PROBE_THROWS("probe threw", "P1.answers P3.open"),
    PROBE_IS_SLOW("the fastest of three probes takes", "P1.answers"),
    OTHER_DEVICE("it computes on device 'gpu:7', its probe lists [cpu]", "P3.device"),
    LISTED_DEVICE_IS_REFUSED("it is not available with device 'cpu'", "P3.device"),
    NO_REMEDY("no remedy is given", "P1.answers"),
    OPEN_SAYS_LITTLE("expected BackendUnavailableException", "P3.open"),
    THREAD_LEFT_ALIVE("'oracle-worker' is alive after close", "P4.threads P5.growth P5.native?"),
    THREAD_IS_NO_DAEMON("'oracle-worker' is not a daemon", "P4.threads P4.process"),
    PRINTS("it printed: oracle ready", "P4.silence P4.process"),
    PRINTS_WHEN_A_RUN_FAILS("it printed: a run failed", "P4.silence P4.process"),
    PRINTS_WHEN_A_BATCH_IS_REFUSED("it printed: a batch was refused", "P4.silence P4.process"),
    PRINTS_WHEN_A_LOAD_FAILS("it printed: a load failed", "P4.silence P4.process"),
    PRINTS_WHEN_MEMORY_IS_SHORT("it printed: no memory for a run", "P4.silence"),
    SETS_A_PROPERTY("system property oracle.ready", "P4.process"),
    OPENS_A_SOCKET("the process opened a socket", "P4.process"),
    LEAKS_HEAP("bytes of heap", "P5.growth"),
    PLAN_OVERFLOWS("for 300 GB of weights", "M1.plan"),
    PLAN_REFUSES_MUCH("plan refuses PlanOptions[maxRuns=7", "M1.plan"),
    PLAN_FORGETS_VALUES("planned at most", "M2.bound M2.long M4.batch X1.base"),
    MISSING_WEIGHT_UNNAMED("the message does not name", "M3.missing"),
    SHAPES_UNCHECKED("expected ModelLoadException, found no exception", "M3.shape"),
    READ_FAULT_IS_WRAPPED("expected ModelLoadException, found", "M3.reading"),
    FAILED_LOAD_LEAKS("failed and leaves memory", "M3.missing M3.shape M3.reading"),
    PROGRESS_SAYS_NOTHING("the total is 0 bytes, expected", "M3.progress"),
    PROGRESS_STOPS_EARLY("progress ends with", "M3.progress"),
    MODEL_LEAKS("a closed model leaves memory", "M2.freed X2.ended Z1.forward"),
    UNTYPED_MEMORY_FAULT("ArrayIndexOutOfBoundsException", "M4.refused M4.load M4.batch M4.held"),
    PAGES_COPIED("8 checkpoints and forks of 600 tokens add", "S5.shared S5.exclusive X1.base"),
    EXCLUSIVE_COUNTS_SHARED("a checkpoint beside its state says", "S5.exclusive X2.written X1.thrown X1.bytes"),
    CONV_IS_LOST_BETWEEN_CALLS(
            "the step to position",
            "B1.steps M4.refused B1.pieces B2.batch B2.order B3.isolation B5.malformed S2.immutable S3.back S4.forks S6.lives X1.continues X1.base X1.across X2.beside N1.long M4.batch M4.held B2.limits S3.borders X1.types X2.closing N1.dense B2.mixed B3.back S4.together S6.twins X1.released X1.empty X1.thrown T1.moved Z1.networks Z1.backends N1.window B4.failed N1.sizes B1.choices B2.choices B2.tokens S3.choices N1.deep N1.sums N1.threads S4.many X1.borders X1.siblings N1.wide N1.inner N1.candidates"),
    BATCH_LEAKS(
            "run 1 of a batch",
            "B2.batch B2.order B3.isolation M4.batch B2.limits B2.mixed S4.together N1.dense N1.long N1.window N1.sizes B2.choices B2.tokens N1.deep N1.heads N1.many N1.sums N1.threads N1.wide N1.inner N1.candidates"),
    RESULTS_ARE_SORTED("in any order", "B2.order B2.batch B3.isolation B2.mixed B2.choices B2.limits B2.tokens"),
    FAILURE_SPREADS("a run before it failed", "B3.isolation M4.batch"),
    FAILED_STATES_ARE_SEEN_LATE("beside a failed state one of 3 tokens got length 4", "B4.failed"),
    FAILED_STATE_GOES_ON("length of a failed state", "B4.failed"),
    IDS_UNCHECKED("a batch with an id behind the vocabulary", "B5.malformed P5.growth"),
    ONE_RUN_IS_UNCHECKED("a batch with an id behind the vocabulary", "B5.malformed P5.growth"),
    LOGITS_OUTLIVE_THEIR_CALL("argMax after the next forward", "L1.validity"),
    ROWS_ARE_THE_LAST_ALWAYS(
            "logits from 7 on",
            "L1.rows L1.validity M4.batch B2.mixed N1.dense N1.long N1.window B2.limits B2.tokens N1.candidates"),
    ARG_MAX_IS_THE_LAST("the lowest of the largest logits has", "L2.lowest L2.large"),
    NAN_IS_HANDED_OUT(
            "logits that are not numbers were handed out",
            "L3.finite B3.isolation B4.failed L3.infinite B3.back P5.growth M2.freed"),
    LENGTH_COUNTS_ROWS("a state of 7 tokens has length 0", "S1.grows M4.batch S3.back S3.borders S4.many X1.borders"),
    CHECKPOINT_IS_THE_STATE(
            "after its states went on",
            "S2.immutable B3.back T1.moved N1.dense N1.long N1.window N1.sizes N1.deep N1.sums N1.threads N1.wide N1.inner N1.candidates"),
    CONV_IS_STALE_AFTER_RESTORE(
            "a state from a checkpoint at",
            "S3.back S2.immutable S4.forks S6.lives X1.continues X1.base X1.across X2.beside N1.long S3.borders X1.types N1.dense B3.back S4.together S6.twins X1.released X1.again X1.empty T1.moved N1.window N1.sizes S3.choices N1.deep N1.sums S4.many X1.borders N1.threads X1.siblings N1.wide N1.inner N1.candidates"),
    FORKS_SHARE_KEYS("fork at", "S4.forks S4.together"),
    PARENT_FREES_CHILD("a state whose parents are closed", "S6.lives B3.back"),
    HOLDERS_ARE_COUNTED_IN_A_BYTE("the last of 300 states", "S4.many"),
    FOREIGN_CHECKPOINT_TAKEN("a checkpoint of another model", "S1.foreign"),
    CONV_IS_WRITTEN_BACKWARDS(
            "continued from another backend", "X1.across N1.mamba N1.network N1.everything X1.types N1.sizes"),
    SSM_IS_NOT_WRITTEN(
            "continued from a read checkpoint",
            "X1.continues X1.base X1.across X2.beside N1.mamba N1.network N1.everything N1.long N1.dense X1.released X1.empty N1.sizes N1.window N1.deep N1.sums X1.borders N1.threads X1.large X1.siblings N1.wide N1.inner N1.candidates"),
    LAYOUT_IS_TURNED("expected shape", "X1.layout X1.across"),
    BASE_LEAVES_A_GAP(
            "continued from one read on a base", "X1.base X1.released X1.borders X1.types X1.large X1.siblings"),
    READ_SHAPES_UNCHECKED("expected IllegalArgumentException, found", "X1.faults"),
    WRITING_DISTURBS("beside transfers", "X2.beside"),
    TRANSFER_UNCLAIMED("expected UnsupportedFeatureException", "C1.transfer"),
    CLOSING_TWICE_THROWS("the state is closed", "Z1.twice B4.failed M2.freed M4.batch"),
    CLOSED_CHECKPOINT_WORKS("length of a closed checkpoint", "Z1.after X1.foreign"),
    CLOSING_STOPS_OTHERS("beside models that are loaded and closed", "Z1.beside Z1.networks"),
    WINDOW_IS_ONE_SHORT(
            "window, number",
            "A1.window X1.across A1.vectors A1.attend A1.reach A1.lost A1.reads N1.spans N1.network N1.everything N1.long X1.types N1.sizes N1.window N1.heads N1.threads B1.choices B2.choices N1.ties S3.choices N1.candidates"),
    WINDOW_OVERFLOWS("at the end of 1000 tokens", "N1.long A1.vectors N1.window N1.candidates"),
    TIES_ARE_REVERSED("anchor", "A1.search A1.attend N1.ties"),
    REACH_IS_ROUNDED_DOWN(
            "attend, number",
            "A1.attend A1.vectors N1.spans N1.long N1.sizes N1.window N1.heads B1.choices B2.choices N1.ties S3.choices N1.candidates"),
    SPANS_ARE_ONE_LONGER(
            "for the query at 10",
            "A1.lost X1.across A1.vectors A1.attend A1.reads N1.spans N1.network N1.everything N1.long X1.types N1.sizes N1.window N1.heads N1.threads B1.choices B2.choices S3.choices N1.candidates"),
    SPANS_OVERLAP_THE_WINDOW(
            "attend, number",
            "A1.everything A1.vectors A1.attend N1.spans N1.long N1.sizes N1.window N1.heads B1.choices B2.choices N1.ties S3.choices N1.candidates"),
    HEADS_ARE_INTERLEAVED(
            "attend, number",
            "A1.groups X1.across A1.vectors A1.search A1.window A1.spans A1.attend A1.dense A1.everything A1.reads N1.spans N1.network N1.everything X1.types N1.sizes N1.heads N1.threads B1.choices B2.choices S3.choices"),
    MERGE_WITHOUT_THE_MAXIMUM("found NaN", "A1.merge"),
    LOG_SUM_EXP_IS_BINARY("log-sum-exp", "A1.vectors A1.window"),
    CHUNKS_BEGIN_ONE_EARLY("rows", "A1.pieces A1.vectors A1.reach A1.lost A1.reads A1.arguments"),
    ARGUMENTS_ARE_SCALED(
            "attend changed argument 1",
            "A1.arguments A1.attend A1.pieces A1.dense A1.everything A1.groups A1.reads A1.threads Z1.after"),
    ATTENTION_UNCLAIMED("expected UnsupportedFeatureException", "C1.attention"),
    EXPERTS_ARE_NOT_NORMALISED(
            "logits at position",
            "N1.experts N1.sizes N1.deep N1.many N1.sums B1.choices B2.choices N1.ties S3.choices N1.gates N1.threads"),
    TIME_STEP_IS_NOT_CLAMPED(
            "logits at position",
            "N1.mamba X1.across N1.network N1.everything X1.types N1.steps N1.threads B1.choices B2.choices S3.choices N1.gates"),
    RELU_IS_NOT_SQUARED(
            "logits at position",
            "N1.mlp X1.across N1.network N1.everything X1.types N1.dense N1.sizes L2.large N1.deep N1.many N1.sums N1.threads B1.choices B2.choices N1.experts N1.ties S3.choices N1.gates N1.wide N1.inner"),
    SCALE_IS_FORGOTTEN(
            "logits at position",
            "N1.attention X1.across N1.network N1.everything X1.types N1.dense N1.sizes N1.deep N1.heads N1.many N1.sums N1.threads B1.choices B2.choices S3.choices N1.large N1.wide N1.inner"),
    FULL_BATCH_IS_REVERSED("run 0 of 6", "B2.limits B2.tokens"),
    FULL_PAGES_ARE_FORGOTTEN("from a checkpoint at 128", "S3.borders X1.borders"),
    DENSE_ATTENTION_FORGETS("at the end of", "N1.dense"),
    DECLINED_IS_WRITTEN("the sink did not want", "X1.layout"),
    SOURCE_IS_READ_TWICE("after it was read to", "X1.continues X1.base X1.across X1.types X1.borders X1.large"),
    BASE_IS_NOT_SHARED("the base's pages are not shared", "X1.base"),
    STATES_SHARE_NOTHING("are exclusive", "S5.exclusive"),
    PAGES_ARE_NOT_COUNTED("which cannot hold", "M2.bound S5.exclusive M4.batch"),
    FAILED_STATE_LEAKS("a failed state leaves memory", "B4.failed M4.batch P5.growth"),
    LATE_CLOSE_IS_COUNTED("closing what belonged to a closed model", "M2.freed M4.batch B4.failed Z1.forward?"),
    EMPTY_CHECKPOINT_FAILS("nothing to start from", "S1.grows X1.empty"),
    UNSUPPORTED_IS_LOADED("plan of a network that is not supported", "M1.unsupported"),
    HEADS_ARE_MIXED("attend, number", "A1.heads A1.vectors A1.attend A1.dense A1.everything"),
    BATCH_FAULT_LEAKS("runs that did not fit leave memory", "M4.batch M4.held"),
    LOAD_FAULT_LEAKS("the refused load leaves memory", "M4.load"),
    CHECKPOINT_FAULT_LEAKS("that do not fit leave memory", "M4.held"),
    INFINITY_IS_HANDED_OUT("beyond the largest float32 were handed out", "L3.infinite"),
    OTHER_TYPE_REFUSED("dtype=BF16", "X1.types"),
    CLOSE_IS_FOR_THE_ENGINE("a checkpoint on another thread", "X2.closing X2.beside X2.written T1.moved"),
    STATES_TELL_THE_ENGINE_ONLY("a getter on another thread", "X2.closing"),
    MEMORY_IS_TOLD_TO_THE_ENGINE_ONLY("a getter on another thread", "X2.closing Z1.forward"),
    CLOSE_ENDS_WRITING("the checkpoint is closed", "X2.written X2.ended"),
    CLOSED_MODELS_WRITE_ZEROS("what is written changes when a model is closed", "X2.ended"),
    READINGS_MEET("what is read beside another reading", "X2.reading"),
    READING_MEETS_WRITING("what is read beside a write", "X2.reading"),
    NATIVES_ARE_KEPT("bytes outside the heap", "P5.native"),
    LOGITS_OUTLIVE_THEIR_MODEL("argMax of a closed model's logits", "Z1.after"),
    CLOSE_HANGS("did not end within", "Z1.twice M2.freed M4.batch Z1.forward?"),
    PROBE_LEAVES_A_THREAD("probe leaves thread 'oracle-probe'", "P1.answers P4.threads P5.growth"),
    HALF_PRECISION_IS_BFLOAT(
            "logits at position",
            "N1.network N1.mamba N1.attention N1.spans N1.mlp N1.experts B1.choices B2.choices S3.choices"),
    RUNS_BEHIND_PROMPTS_ARE_WRONG("batch", "B2.mixed M4.batch B2.tokens"),
    LATER_RUNS_LOSE_THEIR_PAGES(
            "batch", "B2.mixed M4.batch S4.together N1.dense N1.long N1.window B2.limits N1.candidates"),
    ROWS_BEHIND_NONE_ARE_WRONG("batch", "B2.mixed"),
    ROWS_BEHIND_SOME_ARE_WRONG("batch", "B2.mixed B2.limits B2.tokens"),
    ARG_MAX_IS_OF_THE_FIRST_RUN("argMax answers", "B2.mixed"),
    ARG_MAX_COUNTS_FROM_THE_FIRST_TOKEN("argMax answers", "B2.mixed"),
    ARG_MAX_BEGINS_AT_ZERO("the lowest of the largest logits has", "L2.lowest"),
    FAILURE_FREES_WHAT_IT_SHARES("checkpoint", "B3.back"),
    FORKS_MEET_IN_A_BATCH("beside another in one batch", "S4.together"),
    CLOSING_FREES_TWINS("of three checkpoints", "S6.twins X1.released S4.many"),
    BOUND_TO_ITS_LOADER("no context on this thread", "T1.moved T1.loads"),
    LAST_NETWORK_COUNTS("beside a model of another network", "Z1.networks"),
    CLOSING_STOPS_OTHER_BACKENDS("after another backend was closed", "Z1.backends"),
    WEIGHTS_ARE_ONLY_COUNTED("expected ModelLoadException, found no exception", "M3.shape"),
    TENSORS_ARE_ONLY_COUNTED("expected IllegalArgumentException, found no exception", "X1.faults"),
    BASE_IS_NOT_HELD("that is closed", "X1.released"),
    BASE_MUST_BE_SHORTER(
            "base: longer than the source",
            "X1.released X1.empty X1.thrown M4.held M2.freed P4.threads P4.silence P5.growth P5.native X1.borders L1.stays"),
    READ_ONES_WRITE_ZEROS("writes other bytes", "X1.again X2.reading X1.large X1.siblings"),
    EMPTY_IS_NOT_WRITTEN("there is nothing to write", "X1.empty"),
    THROWING_SINK_KEEPS_IT("whose sinks threw frees 0 bytes", "X1.thrown"),
    THROWING_SOURCE_LEAKS("a source that throws leaves memory", "X1.thrown"),
    WRITES_MEET("what two threads write at once", "X2.twice"),
    CLOSED_MODEL_READS("readCheckpoint of a closed model", "Z1.after"),
    WRITING_STARTS_A_THREAD("'oracle-writer' is alive after close", "P4.threads P5.growth P5.native?"),
    RESTORES_LEAK("300 states of one model leave", "P5.growth"),
    CLOSED_STATES_ARE_KEPT("300 states of one model leave", "P5.growth"),
    LITTLE_OF_CLOSED_STATES_IS_KEPT("2000 states of one model leave", "P5.growth"),
    CLOSED_MODELS_ARE_KEPT("100 models of one backend leave", "P5.growth"),
    CLOSED_MODELS_KEEP_NATIVES("100 models of one backend leave", "P5.native"),
    RESTORES_KEEP_NATIVES("300 states of one model leave", "P5.native"),
    RUNS_NEED_MORE("with a batch of", "M2.bound M4.refused M4.batch M4.held M2.long"),
    TOKENS_NEED_MORE("with a batch of", "M2.bound M4.refused M4.batch M4.held M2.long"),
    STEPS_TAKE_THE_FIRST_LENGTH("steps at different lengths", "B2.limits"),
    LONG_PROMPTS_ARE_WRONG(
            "run 0 of 1 with up to 256 tokens each", "B2.tokens S3.borders X1.base X2.beside X2.closing X1.borders"),
    RUNS_BEHIND_LONG_PROMPTS_ARE_WRONG("of 2 with up to 128 tokens each", "B2.tokens"),
    RECURRENT_IS_NOT_COUNTED("which cannot hold", "M2.recurrent"),
    CHECKPOINTS_COUNT_PAGES_ONLY("checkpoints: one has", "M2.recurrent"),
    FORKS_COUNT_PAGES_ONLY("states from checkpoints: one has", "M2.recurrent"),
    READ_ONES_COUNT_PAGES_ONLY("checkpoints that were read: one has", "M2.recurrent"),
    WEIGHTS_ARE_NOT_COUNTED("a loaded model takes 0 bytes, which cannot hold", "M2.bound M4.load"),
    LOADING_PEAKS("while loading, at", "M2.bound M4.refused M4.batch M4.held"),
    CONTEXT_NEEDS_MORE("with a state of", "M2.long"),
    LIMIT_IS_ZERO("beside a limit of", "M2.limit"),
    LIMIT_IS_FORGOTTEN("its limit is", "M2.limit"),
    LOGITS_ARE_SHARED("after another model computed", "L1.stays Z1.beside?"),
    LOGITS_END_WITH_THEIR_STATE("after their state was closed", "L1.stays"),
    CHECKPOINTS_OVERWRITE_LOGITS("after a checkpoint was taken", "L1.stays"),
    NEW_STATES_OVERWRITE_LOGITS("after a state was made", "L1.stays"),
    READINGS_OVERWRITE_LOGITS("after a checkpoint was read", "L1.stays"),
    UNTOUCHED_FORKS_ARE_EMPTY("of a state that only began there", "S3.back"),
    FEWER_ROWS_ARE_READ("expected IllegalArgumentException, found no exception", "X1.faults"),
    FOREIGN_BASE_IS_TAKEN("a base of another model: expected", "X1.foreign"),
    CLOSED_BASE_IS_TAKEN("a base that is closed: expected", "X1.foreign"),
    FORKS_COUNT_THEIR_OWN("what is shared counts for each", "S5.exclusive"),
    FORKS_PROMISE_ALL("a fork beside others says", "S5.exclusive"),
    READ_ONES_PROMISE_NOTHING("a checkpoint that was read has", "X1.bytes"),
    FAILURES_LEAK("runs that fail", "P5.growth"),
    REFUSALS_LEAK("batches that are refused", "P5.growth"),
    EQUAL_EXPERTS_ARE_REVERSED("with equal scores, logits at position", "N1.ties"),
    KERNELS_SHARE_A_BUFFER("attend on 3 threads at once", "A1.threads"),
    PARTS_SHARE_A_BUFFER("on 3 threads at once", "A1.threads"),
    KERNELS_MERGE_IN_PLACE("merge changed argument 0", "A1.arguments"),
    MERGE_IS_UNCHECKED("merge with one score too many", "A1.arguments"),
    KERNELS_END_WRONG("attend of a closed backend", "Z1.after"),
    LEFT_OUT_GROUPS_COUNT_AS_ZERO(
            "with equal scores, logits at position", "N1.ties N1.network B1.choices B2.choices S3.choices N1.gates"),
    STEPS_FORGET_THE_BIAS("token by token, logits at position", "B1.choices B2.choices S3.choices N1.sizes N1.many"),
    STEPS_KEEP_THE_WORST_ANCHORS(
            "token by token, logits at position", "B1.choices B2.choices S3.choices N1.long N1.window N1.candidates"),
    MANY_THREADS_ARE_WRONG("with 3 threads, logits at position 0", "N1.threads"),
    EXPERTS_HAVE_6_BITS("at once, logits at position", "N1.many"),
    HEADS_BEHIND_THE_EIGHTH_ARE_ZERO("at once, logits at position", "N1.heads N1.inner"),
    ROWS_END_WITH_THEIR_LAST_TILE("at once, logits at position", "N1.sums N1.threads N1.inner"),
    LAYERS_HAVE_ONE_DIGIT("at once, logits at position", "N1.deep"),
    LARGE_SIZES_ARE_WRONG("logits at position", "N1.sizes L2.large N1.sums N1.threads"),
    LARGE_STEPS_ARE_WRONG("token by token, logits at position", "N1.sizes N1.sums N1.threads"),
    LARGE_SIZES_GO_ON_WRONG("in pieces, logits at position", "N1.sizes N1.sums N1.threads"),
    PIECES_FAR_ON_ARE_WRONG("logits at position", "N1.long N1.dense N1.window N1.candidates"),
    SPANS_FAR_ON_ARE_WRONG_IN_BF16("logits at position", "N1.long N1.window N1.candidates"),
    LONG_WINDOWS_ARE_CUT("logits at position", "N1.window A1.vectors"),
    ARG_MAX_LOOKS_AT_ONE_BLOCK("the lowest of the largest logits has", "L2.large N1.sizes"),
    ARG_MAX_HAS_16_BITS("the lowest of the largest logits has", "L2.large"),
    LARGE_IDS_ARE_CUT("with large ids, logits at position 3", "L2.large"),
    CHUNKS_ARE_TAKEN_FOR_THE_FIRST("anchor", "A1.search A1.window A1.vectors"),
    SOFTMAX_OVERFLOWS("a run failed", "N1.large"),
    SOFTPLUS_OVERFLOWS("a run failed", "N1.steps"),
    FULL_LAST_PAGES_ARE_NOT_WRITTEN("from one that was written and read", "X1.borders"),
    FULL_BASES_LEAVE_A_GAP("read on a base of 64", "X1.borders"),
    SOURCES_ARE_READ_ON_MANY_THREADS(
            "a source is asked by", "X1.continues X1.borders X1.base X1.across X1.types X1.large"),
    SINKS_ARE_WRITTEN_ON_MANY_THREADS(
            "a checkpoint was written on",
            "X1.layout M2.recurrent M2.freed M4.held L1.stays X1.borders X1.continues X1.base X1.across X1.faults X1.types X1.released X1.foreign X1.bytes X1.again X1.empty X1.thrown X2.twice X2.beside X2.written X2.ended X2.reading P4.threads P4.silence P5.growth P5.native Z1.after N1.mamba N1.attention N1.network N1.everything N1.dense N1.long N1.window N1.sizes N1.many N1.heads N1.sums N1.deep N1.threads X1.large X1.siblings N1.wide N1.inner N1.candidates"),
    LONG_RUNS_OF_SPANS_ARE_WRONG(
            "run 0 of 1 with up to 256 tokens",
            "B2.tokens B2.mixed S3.borders X1.borders X1.base X2.beside X2.closing"),
    LONG_RUNS_OF_EXPERTS_ARE_WRONG(
            "run 0 of 1 with up to 256 tokens",
            "B2.tokens B2.mixed S3.borders X1.borders X1.base X2.beside X2.closing"),
    FAILED_STATES_OUTLIVE_THEIR_MODEL("closing a failed state of a closed model", "M2.freed"),
    FAILED_STATES_ARE_FREED_TWICE("a closed model, one of whose states had failed", "M2.freed"),
    LONG_SUMS_OF_STEPS_DIFFER(
            "beside those at once",
            "N1.sizes X1.borders X1.continues X1.base X1.released X1.empty X2.beside N1.many N1.heads N1.sums N1.deep N1.threads N1.long N1.dense N1.window X1.siblings N1.wide N1.inner N1.candidates"),
    BACKENDS_SHARE_A_BUFFER("beside models of another backend", "Z1.beside"),
    LARGE_TENSORS_END_IN_ZEROS("logits", "L2.large"),
    ONLY_NEIGHBOURS_ARE_COMPARED("the same state on both sides of another", "B5.malformed"),
    STATES_LEFT_OPEN_LEAK("100 models of one backend leave", "P5.growth"),
    PROGRESS_IS_TOLD_ELSEWHERE("progress is told by", "M3.progress"),
    CLOSED_BACKENDS_HAVE_A_NAME("id of a closed backend", "Z1.after"),
    STEPS_ONTO_A_PAGE_ARE_WRONG("the step at 256", "S3.borders"),
    EXPONENTIALS_OF_FAR_SCORES_WRAP("a run failed", "N1.large"),
    EXPONENTIALS_OF_GATES_WRAP("with gates that are shut, logits", "N1.gates"),
    EXPONENTIALS_OF_ROUTERS_WRAP("with gates that are shut, logits", "N1.gates"),
    LONG_ROWS_OF_MANY_THREADS_ARE_WRONG("with 3 threads, in long rows, at once, logits", "N1.threads"),
    OTHER_TYPE_BEHIND_A_BASE_IS_LOST("on a base of", "X1.types"),
    LONG_CONTEXTS_OF_STEPS_DIFFER(
            "beside those at once",
            "N1.long N1.dense N1.window N1.threads X1.continues X1.base X1.empty X1.released X2.beside X1.borders N1.sizes N1.many N1.heads N1.sums N1.deep X1.siblings N1.wide N1.inner N1.candidates"),
    BASES_ARE_WRITTEN_TO("of two that were read on one base, number 0 is another", "X1.siblings"),
    NORMS_END_AT_1024("at once, logits at position 0", "N1.wide N1.inner"),
    CANDIDATES_END_AT_512("logits at position", "N1.candidates"),
    SPANS_END_AT_2048("logits at position", "N1.candidates"),
    CLOSING_FREES_UNDER_FORWARD("what is computed with was freed", "Z1.forward"),
    LOADS_MEET("of a model that was loaded beside another", "T1.loads"),
    STRANGERS_ARE_CAST("a batch with a state of another backend", "B5.malformed S1.foreign X1.foreign"),
    SETTINGS_ARE_NOT_READ("it says it is available with", "P1.answers"),
    LARGE_TENSORS_ARE_READ_IN_PART("is another from its number 262144 on", "X1.large N1.inner"),
    EPSILON_IS_FIXED(
            "logits at position",
            "N1.mamba N1.attention N1.spans N1.experts N1.dense N1.long N1.sizes N1.large N1.gates N1.steps N1.window N1.deep B1.choices B2.choices N1.ties S3.choices N1.wide N1.inner N1.candidates");

    private final String words;
    private final String rules;

    /**
     * Names a flaw.
     *
     * @param words what the first of the rules says
     * @param rules those that do not hold, the most telling first, with a space between; a question mark is behind those that may
     *     hold, since it depends on threads or on the system's memory
     */
    Flaw(String words, String rules) {
        this.words = words;
        this.rules = rules;
    }

    /** What the first of its rules says of it. */
    String words() {
        return words;
    }

    /** The rules that do not hold because of it, the most telling first. */
    List<String> rules() {
        return listed().filter(each -> !each.endsWith("?")).toList();
    }

    /** The same, and those that may hold. */
    List<String> possibleRules() {
        return listed().map(each -> each.replace("?", "")).toList();
    }

    private Stream<String> listed() {
        return rules.isEmpty() ? Stream.of() : Stream.of(rules.split(" ", -1));
    }
}
