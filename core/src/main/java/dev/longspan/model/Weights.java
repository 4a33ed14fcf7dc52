package dev.longspan.model;

import dev.longspan.spi.DType;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The weights in a model's folder, under the names of {@link ModelSpec#tensors}.
 *
 * <p>Opening finds every tensor of the network and checks its shape and data type, so that later only reading itself can
 * fail. All methods may be called from any thread; after {@link #close} reading throws {@link IllegalStateException},
 * while mappings stay valid.
 */
public final class Weights implements WeightSource, AutoCloseable {
    private final WeightFiles files;
    private final Map<String, Part> parts;
    private final List<StoredTensor> extraTensors;

    private record Part(TensorInfo info, SafetensorsFile file, long position) {}

    private Weights(WeightFiles files, Map<String, Part> parts, List<StoredTensor> extraTensors) {
        this.files = files;
        this.parts = Collections.unmodifiableMap(parts);
        this.extraTensors = List.copyOf(extraTensors);
    }

    /**
     * Opens the weights of a network.
     *
     * @param folder the model's folder
     * @param spec the network
     * @return the weights, to be closed
     * @throws ModelLoadException if a file or a tensor is missing or has a fault
     */
    public static Weights open(Path folder, ModelSpec spec) {
        FolderReader reader = FolderReader.open(folder);
        TensorNames names = TensorNames.read(reader, spec);
        WeightFiles files = WeightFiles.open(reader);
        boolean opened = false;
        try {
            Weights weights = new Binding(files, names).bind(spec);
            opened = true;
            return weights;
        } finally {
            if (!opened) {
                files.close();
            }
        }
    }

    /** Joins the network's tensors with the stored ones. */
    private static final class Binding {
        private final WeightFiles files;
        private final TensorNames names;
        private final Set<String> used = new HashSet<>();

        Binding(WeightFiles files, TensorNames names) {
            this.files = files;
            this.names = names;
        }

        Weights bind(ModelSpec spec) {
            Map<String, Part> parts = new LinkedHashMap<>();
            List<String> missing = new ArrayList<>();
            List<ModelSpec.Tensor> tensors = spec.tensors();
            Map<String, Long> experts = experts(tensors);
            for (ModelSpec.Tensor tensor : tensors) {
                Part part = part(tensor, experts);
                if (part == null) {
                    missing.add(tensor.name());
                } else {
                    parts.put(tensor.name(), part);
                }
            }
            if (!missing.isEmpty()) {
                throw missing(missing);
            }
            List<StoredTensor> extra = files.tensors().values().stream()
                    .filter(stored -> !used.contains(stored.name()))
                    .toList();
            return new Weights(files, parts, extra);
        }

        /** How many experts each layer has, by the part of the name in front of the expert's number. */
        private static Map<String, Long> experts(List<ModelSpec.Tensor> tensors) {
            Map<String, Long> counts = new LinkedHashMap<>();
            for (ModelSpec.Tensor tensor : tensors) {
                if (tensor.name().contains(".experts.") && tensor.name().endsWith(".up_proj.weight")) {
                    counts.merge(layer(tensor.name()), 1L, Long::sum);
                }
            }
            return counts;
        }

        private static String layer(String name) {
            return name.substring(0, name.indexOf(".experts."));
        }

        private @Nullable Part part(ModelSpec.Tensor tensor, Map<String, Long> experts) {
            StoredTensor found = null;
            int expert = -1;
            for (TensorNames.Candidate candidate : names.candidates(tensor.name())) {
                StoredTensor stored = files.tensors().get(candidate.name());
                if (stored != null && found != null) {
                    throw new ModelLoadException(
                            stored.file(),
                            stored.name(),
                            "expected one tensor for " + tensor.name() + ", found " + found.name() + ", too; "
                                    + TensorNames.FILE + " can say which");
                }
                if (stored != null) {
                    found = stored;
                    expert = candidate.expert();
                }
            }
            if (found == null) {
                return null;
            }
            used.add(found.name());
            List<Long> shape = new ArrayList<>(tensor.shape());
            if (expert >= 0) {
                shape.add(0, experts.getOrDefault(layer(tensor.name()), 0L));
            }
            requireShape(tensor, found, shape);
            TensorInfo info = new TensorInfo(tensor.name(), dtype(tensor, found), tensor.shape());
            long offset = expert >= 0 ? expert * info.bytes() : 0;
            return new Part(info, files.file(found), found.position() + offset);
        }

        private static void requireShape(ModelSpec.Tensor tensor, StoredTensor stored, List<Long> shape) {
            if (!stored.shape().equals(shape)) {
                throw new ModelLoadException(
                        stored.file(),
                        stored.name(),
                        "expected shape " + shape + as(tensor, stored) + ", found " + stored.shape());
            }
        }

        private static DType dtype(ModelSpec.Tensor tensor, StoredTensor stored) {
            for (DType dtype : DType.values()) {
                if (dtype.name().equals(stored.dtype())) {
                    return dtype;
                }
            }
            throw new ModelLoadException(
                    stored.file(),
                    stored.name(),
                    "expected data type BF16, F16 or F32" + as(tensor, stored) + ", found " + stored.dtype());
        }

        private static String as(ModelSpec.Tensor tensor, StoredTensor stored) {
            return tensor.name().equals(stored.name()) ? "" : " for " + tensor.name();
        }

        private ModelLoadException missing(List<String> missing) {
            String first = missing.get(0);
            List<TensorNames.Candidate> candidates = names.candidates(first);
            String others = missing.size() == 1 ? "" : "; " + (missing.size() - 1) + " more are missing";
            String where = names.isOverridden(first)
                    ? "stored as " + candidates.get(0).name() + ", as " + TensorNames.FILE + " says, found none"
                    : "found none of " + candidates.size() + " names it may have; if it is there under another name, "
                            + TensorNames.FILE + " can say so";
            return new ModelLoadException(files.name(), first, "expected this tensor, " + where + others);
        }
    }

    @Override
    public Set<String> names() {
        return parts.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        return part(name).info();
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        Part part = part(name);
        requireInside(part, offset, target.remaining());
        part.file().read(part.position() + offset, target);
    }

    @Override
    public ByteBuffer map(String name, long offset, long length) {
        Part part = part(name);
        if (length > MAX_MAP_BYTES) {
            throw new IllegalArgumentException(
                    name + ": expected a length of at most " + MAX_MAP_BYTES + ", found " + length);
        }
        requireInside(part, offset, length);
        return part.file().map(part.position() + offset, length);
    }

    private Part part(String name) {
        Part part = parts.get(name);
        if (part == null) {
            throw new ModelLoadException(files.name(), name, "expected a tensor of this network, found no such name");
        }
        return part;
    }

    private static void requireInside(Part part, long offset, long length) {
        long bytes = part.info().bytes();
        if (offset < 0 || length < 0 || offset > bytes - length) {
            throw new IndexOutOfBoundsException(part.info().name() + ": expected a part of " + bytes
                    + " bytes, found offset " + offset + ", length " + length);
        }
    }

    /** {@return the tensors in the files that the network has no use for} */
    public List<StoredTensor> extraTensors() {
        return extraTensors;
    }

    /** {@return the names of the weights' files} */
    public List<String> files() {
        return files.files();
    }

    /** {@return how many bytes the network's tensors take in the files} */
    public long bytes() {
        return parts.values().stream().mapToLong(part -> part.info().bytes()).sum();
    }

    @Override
    public void close() {
        files.close();
    }
}
