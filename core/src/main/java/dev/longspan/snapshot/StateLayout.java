package dev.longspan.snapshot;

import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** The names and shapes of a state's tensors, and the names under which a file holds them. */
public final class StateLayout {
    /** What the metadata states as {@code layout}, and the fingerprint, too. */
    static final String VERSION = "1";

    private StateLayout() {}

    /** The tensors of a state of a network, each in the data type that recurrent states always have. */
    static List<TensorInfo> tensors(ModelSpec spec, long tokens) {
        List<TensorInfo> all = new ArrayList<>();
        for (int i = 0; i < spec.layers().size(); i++) {
            String prefix = "layers." + i + ".";
            if (spec.layers().get(i) instanceof LayerSpec.Attention a) {
                long groups = a.heads().keyValueHeads();
                long size = a.heads().headSize();
                add(all, prefix + "key", tokens, groups, size);
                add(all, prefix + "value", tokens, groups, size);
            } else if (spec.layers().get(i) instanceof LayerSpec.Mamba m) {
                add(all, prefix + "conv", m.channels(), m.convolutionWidth() - 1L);
                add(all, prefix + "ssm", m.heads(), m.headSize(), m.stateSize());
            }
        }
        return all;
    }

    private static void add(List<TensorInfo> all, String name, long... shape) {
        all.add(new TensorInfo(name, DType.F32, LongStream.of(shape).boxed().toList()));
    }

    /** {@return whether a tensor, by its name, is a recurrent state, of which every checkpoint has its own} */
    public static boolean isRecurrent(String name) {
        return name.endsWith(".conv") || name.endsWith(".ssm");
    }

    /**
     * The name in the file.
     *
     * @param name the name in the checkpoint
     * @param checkpoint the checkpoint's number, the shortest is 0
     * @param head the number of the last one, whose names are those of the checkpoint itself
     */
    static String stored(String name, int checkpoint, int head) {
        return checkpoint < head && isRecurrent(name) ? "checkpoints." + checkpoint + "." + name : name;
    }
}
