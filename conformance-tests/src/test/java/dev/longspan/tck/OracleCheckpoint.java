package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.UnsupportedFeatureException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A checkpoint of the {@link OracleBackend}. */
final class OracleCheckpoint extends OracleHolder implements Checkpoint {
    /** The state it was taken of; null if it was read. */
    private final OracleState source;
    /** What it was read on, if anything. */
    private final @Nullable OracleCheckpoint base;
    /** Whether one of the flaws keeps it from being closed. */
    private volatile boolean stuck;

    /** What the forks of it have in common where they should not. */
    private Map<String, double[]> common;

    private final List<OracleCheckpoint> readOn = new ArrayList<>();

    OracleCheckpoint(OracleModel model, OracleState source) {
        super(model, source);
        this.source = source;
        this.base = null;
    }

    /** One that is read, on a base or not. */
    OracleCheckpoint(OracleModel model, @Nullable OracleCheckpoint base, boolean shares) {
        super(model, shares ? base : null);
        this.source = null;
        this.base = base;
    }

    /** Writes the rows of one that was read on it to its last page, which all share that were read on it before. */
    void writeTo(OracleCheckpoint read, int page) {
        int end = (held() + page - 1) / page * page;
        for (OracleCheckpoint other : readOn) {
            Map<String, double[]> written = new HashMap<>(other.state());
            written.replaceAll((name, numbers) -> {
                if (!name.endsWith(".key") && !name.endsWith(".value")) {
                    return numbers;
                }
                int row = numbers.length / Math.max(1, other.held());
                int rows = Math.min(end, Math.min(other.held(), read.held())) - held();
                double[] changed = numbers.clone();
                System.arraycopy(read.state().get(name), held() * row, changed, held() * row, Math.max(0, rows) * row);
                return changed;
            });
            other.become(written);
        }
        readOn.add(read);
    }

    /** What a state that starts here begins with. */
    Map<String, double[]> begin() {
        if (model.flaw() == Flaw.CHECKPOINT_IS_THE_STATE && source != null) {
            return source.state();
        } else if (model.flaw() == Flaw.BASE_IS_NOT_HELD && base != null && base.isClosed()) {
            return zeros(state());
        } else if (model.flaw() == Flaw.PARENT_FREES_CHILD && source != null && source.isClosed()) {
            return zeros(state());
        }
        return state();
    }

    static Map<String, double[]> zeros(Map<String, double[]> tensors) {
        Map<String, double[]> zeros = new HashMap<>();
        tensors.forEach((name, numbers) -> zeros.put(name, new double[numbers.length]));
        return zeros;
    }

    /** Whether the state it was taken of came from another checkpoint, and has not gone on. */
    boolean isOfOneThatOnlyBegan() {
        return source != null && source.parent() != null && source.parent().held() == held();
    }

    boolean isRead() {
        return source == null;
    }

    boolean isOf(OracleState state) {
        return source == state;
    }

    Map<String, double[]> common() {
        return common;
    }

    void setCommon(Map<String, double[]> tensors) {
        common = tensors;
    }

    private void requireOpen() {
        model.requireOpen();
        if (isClosed() && model.flaw() != Flaw.CLOSED_CHECKPOINT_WORKS) {
            throw new IllegalStateException("the checkpoint is closed");
        }
    }

    void requireUsable() {
        requireOpen();
    }

    @Override
    public int length() {
        requireOpen();
        return held();
    }

    @Override
    public long bytes() {
        requireOpen();
        return countBytes();
    }

    @Override
    public long exclusiveBytes() {
        requireOpen();
        return isRead() && model.flaw() == Flaw.READ_ONES_PROMISE_NOTHING ? 0 : countExclusive();
    }

    private void requireTransfer() {
        requireOpen();
        if (!model.backend().claims(Feature.CHECKPOINT_TRANSFER) && model.flaw() != Flaw.TRANSFER_UNCLAIMED) {
            throw new UnsupportedFeatureException(model.backend().id(), Feature.CHECKPOINT_TRANSFER);
        }
    }

    /** What a checkpoint of so many tokens has, in order. */
    static List<TensorInfo> layout(OracleModel model, long tokens) {
        List<TensorInfo> all = new ArrayList<>();
        for (int i = 0; i < model.network().layers().size(); i++) {
            LayerSpec layer = model.network().layers().get(i);
            String prefix = "layers." + i + ".";
            if (layer instanceof LayerSpec.Attention a) {
                List<Long> shape = List.of(tokens, (long) a.heads().keyValueHeads(), (long)
                        a.heads().headSize());
                all.add(new TensorInfo(prefix + "key", DType.F32, shape));
                all.add(new TensorInfo(prefix + "value", DType.F32, shape));
            } else if (layer instanceof LayerSpec.Mamba m) {
                all.add(new TensorInfo(
                        prefix + "conv", DType.F32, List.of((long) m.channels(), m.convolutionWidth() - 1L)));
                boolean turned = model.flaw() == Flaw.LAYOUT_IS_TURNED;
                long inner = turned ? m.stateSize() : m.headSize();
                long outer = turned ? m.headSize() : m.stateSize();
                all.add(new TensorInfo(prefix + "ssm", DType.F32, List.of((long) m.heads(), inner, outer)));
            }
        }
        return all;
    }

    @Override
    public List<TensorInfo> tensors() {
        requireTransfer();
        return layout(model, held());
    }

    @Override
    public void write(StateSink sink) {
        requireTransfer();
        if (model.flaw() == Flaw.WRITING_STARTS_A_THREAD) {
            Thread thread = new Thread(OracleState::hang, "oracle-writer");
            thread.setDaemon(true);
            thread.start();
        }
        if (model.flaw() == Flaw.EMPTY_IS_NOT_WRITTEN && held() == 0) {
            throw new IllegalStateException("there is nothing to write");
        }
        model.noteWrite();
        int writers = model.writers().incrementAndGet();
        try {
            writeAll(Elsewhere.sink(model.flaw(), sink));
            model.writers().decrementAndGet();
        } catch (RuntimeException e) {
            model.writers().set(writers - 1);
            stuck = model.flaw() == Flaw.THROWING_SINK_KEEPS_IT;
            throw e;
        }
    }

    private void writeAll(StateSink sink) {
        for (TensorInfo info : layout(model, held())) {
            if (model.flaw() == Flaw.CLOSE_ENDS_WRITING) {
                requireOpen();
            }
            if (!sink.begin(info) && model.flaw() != Flaw.DECLINED_IS_WRITTEN) {
                continue;
            }
            double[] numbers = state().getOrDefault(info.name(), new double[(int) info.elements()]);
            boolean lost = isLost(info);
            boolean reversed = model.flaw() == Flaw.CONV_IS_WRITTEN_BACKWARDS
                    && info.name().endsWith(".conv");
            ByteBuffer bytes = ByteBuffer.allocate((int) info.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            int width = (int) (long) info.shape().get(info.shape().size() - 1);
            for (int i = 0; i < numbers.length; i++) {
                int at = reversed ? i - i % width + width - 1 - i % width : i;
                bytes.putFloat(lost ? 0 : (float) numbers[at]);
            }
            sink.write(bytes.flip());
        }
    }

    private boolean isLost(TensorInfo info) {
        return switch (model.flaw()) {
            case FULL_LAST_PAGES_ARE_NOT_WRITTEN -> OracleModel.isPaged(info) && held() > 0 && held() % 128 == 0;
            case SSM_IS_NOT_WRITTEN -> info.name().endsWith(".ssm");
            case READ_ONES_WRITE_ZEROS -> source == null;
            case WRITES_MEET -> model.writers().get() > 1;
            case CLOSED_MODELS_WRITE_ZEROS -> model.isClosed();
            default -> false;
        };
    }

    @Override
    public void close() {
        if (stuck) {
            return;
        }
        if (model.flaw() == Flaw.CLOSE_IS_FOR_THE_ENGINE && !model.isEngine()) {
            throw new IllegalStateException("close on another thread than forward");
        }
        if (model.flaw() == Flaw.CLOSING_FREES_TWINS && source != null && !isClosed()) {
            model.spoilTwins(this, source);
        }
        release();
        model.forget(this);
    }
}
