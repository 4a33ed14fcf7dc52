package dev.longspan.tck;

import dev.longspan.spi.DType;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Reads the tensors of written checkpoints, with what can be wrong with that. */
final class OracleReader {
    /** A megabyte of float32. */
    private static final int ONE_PART = 1 << 18;

    private final OracleModel model;
    private final AtomicInteger readers = new AtomicInteger();

    OracleReader(OracleModel model) {
        this.model = model;
    }

    /** The numbers of a tensor; the rows before one come from a base, if there is one. */
    double[] numbers(StateSource source, TensorInfo info, int from, @Nullable OracleCheckpoint base) {
        Flaw flaw = model.flaw();
        double[] numbers = new double[(int) info.elements()];
        int row = numbers.length / Math.max(1, source.length());
        int first = OracleModel.isPaged(info) && base != null ? from * row : 0;
        if (first > 0) {
            System.arraycopy(base.state().get(info.name()), 0, numbers, 0, first);
            boolean full = flaw == Flaw.FULL_BASES_LEAVE_A_GAP && from % 64 == 0;
            first += flaw == Flaw.BASE_LEAVES_A_GAP || full ? row : 0;
        }
        boolean lost = flaw == Flaw.OTHER_TYPE_BEHIND_A_BASE_IS_LOST && first > 0 && info.dtype() == DType.BF16;
        if (first >= numbers.length || lost) {
            return numbers;
        }
        ByteBuffer bytes = ByteBuffer.allocate(
                        (numbers.length - first) * info.dtype().bytes())
                .order(ByteOrder.LITTLE_ENDIAN);
        boolean met = readers.incrementAndGet() > 1;
        source.read(info.name(), (long) first * info.dtype().bytes(), bytes);
        met |= readers.getAndDecrement() > 1;
        if ((met && flaw == Flaw.READINGS_MEET) || (model.writers().get() > 0 && flaw == Flaw.READING_MEETS_WRITING)) {
            return numbers;
        }
        if (flaw == Flaw.SOURCE_IS_READ_TWICE) {
            source.read(info.name(), (long) first * info.dtype().bytes(), bytes.clear());
        }
        bytes.flip();
        boolean reversed = flaw == Flaw.CONV_IS_WRITTEN_BACKWARDS && info.name().endsWith(".conv");
        int width = (int) (long) info.shape().get(info.shape().size() - 1);
        for (int i = first; i < numbers.length; i++) {
            numbers[reversed ? i - i % width + width - 1 - i % width : i] = Tensors.next(bytes, info.dtype());
        }
        if (flaw == Flaw.LARGE_TENSORS_ARE_READ_IN_PART && numbers.length > ONE_PART) {
            Arrays.fill(numbers, ONE_PART, numbers.length, 0);
        }
        return numbers;
    }
}
