package dev.longspan.tvm.network;

import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.WeightSource;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.memory.Padding;
import dev.longspan.tvm.memory.StateLayout;
import dev.longspan.tvm.runtime.CudaStream;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;
import dev.longspan.tvm.runtime.KernelRunner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A network whose weights lie on a device, as the calls of kernels that take a pass through it. One thread at a time. */
public final class Network {
    /** The most rows whose logits are computed together. */
    public static final int HEAD_ROWS = BufferSize.HEAD_ROWS;

    /** The most rows of a pass whose calls are kept as a graph. */
    private static final int MOST_STEP_ROWS = 64;

    private final ModelSpec spec;
    private final MemoryAccount account;
    private final KernelRunner runner;
    private final Pass pass;
    private final Workspace space;
    private final List<DeviceMemory> weights;
    private final Map<Optional<SpanAttention>, Geometry> geometries = new HashMap<>();
    private final KernelCall embed;
    private final List<Layer> layers = new ArrayList<>();
    private final KernelCall lastNorm;
    private final Product head;
    private final DeviceMemory rowNumbers;
    private final DeviceMemory headRows;
    private final DeviceMemory bestIds;
    private final Optional<KernelCall> best;
    /** The calls of passes of one row of each sequence, by how many rows and with or without head; empty after their first call. */
    private final Map<Integer, Optional<CudaStream.Graph>> steps = new HashMap<>();

    private int stripeTables;
    private final DeviceMemory logits;
    private final long logitsStride;

    private record Layer(KernelCall norm, Mixer mixer) {}

    /**
     * Loads a network.
     *
     * @throws dev.longspan.spi.ModelLoadException if a tensor is missing or has another shape
     * @throws dev.longspan.spi.BackendMemoryException if there is no memory for it
     */
    public static Network load(
            ModelSpec spec,
            StateLayout layout,
            WeightSource source,
            LoadProgress progress,
            KernelSet kernels,
            MemoryAccount account) {
        WeightLoader loader = new WeightLoader(source, progress, kernels.layout(), account);
        loader.check(spec);
        boolean done = false;
        try {
            Network network = new Network(spec, layout, loader, kernels, account);
            loader.finish();
            done = true;
            return network;
        } finally {
            if (!done) {
                loader.loaded().forEach(account::free);
            }
        }
    }

    private Network(ModelSpec spec, StateLayout layout, WeightLoader loader, KernelSet kernels, MemoryAccount account) {
        this.spec = spec;
        this.account = account;
        runner = kernels.runner();
        space = new Workspace(spec, kernels, account);
        pass = new Pass(kernels.maxRows(), geometries(spec), account);
        boolean done = false;
        try {
            Matrix embeddings = loader.matrix("backbone.embeddings.weight");
            BufferSize hidden = BufferSize.hidden(spec);
            embed = kernels.embed(embeddings)
                    .memory(1, embeddings.memory())
                    .memory(2, space.get(hidden))
                    .integer(4, embeddings.paddedInputs())
                    .integer(5, hidden.width());
            rowNumbers = space.get(BufferSize.rowNumbers());
            int[] numbers = new int[kernels.maxRows()];
            Arrays.setAll(numbers, i -> i);
            rowNumbers.write(0, numbers, 0, numbers.length);
            addLayers(layout, loader, kernels);
            headRows = space.get(BufferSize.headRows());
            logits = space.get(BufferSize.logits(spec));
            logitsStride = BufferSize.logits(spec).width();
            DeviceMemory headInput = space.get(BufferSize.headInput(spec));
            lastNorm = norm(kernels, loader.vector("backbone.norm_f.weight"), rowNumbers, headInput);
            Matrix last = spec.tiedEmbeddings() ? embeddings : loader.matrix("lm_head.weight");
            head = new Product(kernels, last, headInput, hidden.width(), logits, logitsStride, Product.Then.STORE);
            bestIds = space.get(BufferSize.best());
            best = kernels.best(space.get(BufferSize.bestParts()))
                    .map(call -> call.memory(0, logits)
                            .memory(1, bestIds)
                            .integer(3, spec.vocabularySize())
                            .integer(4, logitsStride));
            weights = loader.loaded();
            done = true;
        } finally {
            if (!done) {
                releaseWorkspace();
            }
        }
    }

    private KernelCall norm(KernelSet kernels, DeviceMemory weight, DeviceMemory rows, DeviceMemory output) {
        BufferSize hidden = BufferSize.hidden(spec);
        return kernels.rmsNorm()
                .memory(0, space.get(hidden))
                .memory(1, rows)
                .memory(2, weight)
                .memory(3, output)
                .integer(5, spec.hiddenSize())
                .integer(6, hidden.width())
                .number(7, spec.normEpsilon());
    }

    private void addLayers(StateLayout layout, WeightLoader loader, KernelSet kernels) {
        int attention = 0;
        int mamba = 0;
        for (int i = 0; i < spec.layers().size(); i++) {
            String prefix = "backbone.layers." + i + ".";
            String mixer = prefix + "mixer.";
            KernelCall norm = norm(
                    kernels, loader.vector(prefix + "norm.weight"), rowNumbers, space.get(BufferSize.normed(spec)));
            LayerSpec layer = spec.layers().get(i);
            Mixer made;
            if (layer instanceof LayerSpec.Mamba) {
                made = mamba(mixer, layout.mamba().get(mamba++), loader, kernels);
            } else if (layer instanceof LayerSpec.Attention a) {
                made = attention(mixer, a, layout.attention().get(attention++), loader, kernels);
            } else if (layer instanceof LayerSpec.Experts e) {
                made = experts(mixer, e, loader, kernels);
            } else {
                made = new MlpMixer(
                        spec,
                        kernels,
                        space,
                        loader.matrix(mixer + "up_proj.weight"),
                        loader.matrix(mixer + "down_proj.weight"));
            }
            layers.add(new Layer(norm, made));
        }
    }

    private Mixer mamba(String prefix, StateLayout.MambaPart part, WeightLoader loader, KernelSet kernels) {
        float[] rate = loader.numbers(prefix + "A_log");
        for (int h = 0; h < rate.length; h++) {
            rate[h] = (float) -Math.exp(rate[h]);
        }
        MambaMixer.Weights read = new MambaMixer.Weights(
                loader.matrix(prefix + "in_proj.weight"),
                loader.vector(prefix + "conv1d.weight"),
                loader.vector(prefix + "conv1d.bias"),
                loader.vector(prefix + "dt_bias"),
                loader.vector(rate),
                loader.vector(prefix + "D"),
                loader.vector(prefix + "norm.weight"),
                loader.matrix(prefix + "out_proj.weight"));
        return new MambaMixer(spec, part, kernels, space, read);
    }

    private Mixer attention(
            String prefix,
            LayerSpec.Attention layer,
            StateLayout.AttentionPart part,
            WeightLoader loader,
            KernelSet kernels) {
        Geometry geometry = geometries.computeIfAbsent(
                Optional.ofNullable(layer.span()), key -> new Geometry(layer.span(), kernels.maxRows(), account));
        AttentionMixer.Weights read = new AttentionMixer.Weights(
                loader.matrix(prefix + "q_proj.weight"),
                layer.span() == null ? null : loader.matrix(prefix + "search_q_proj.weight"),
                loader.matrix(prefix + "k_proj.weight"),
                loader.matrix(prefix + "v_proj.weight"),
                loader.matrix(prefix + "o_proj.weight"));
        return new AttentionMixer(spec, layer, part, geometry, kernels, space, read);
    }

    private Mixer experts(String prefix, LayerSpec.Experts layer, WeightLoader loader, KernelSet kernels) {
        List<String> ups = new ArrayList<>();
        List<String> downs = new ArrayList<>();
        for (int j = 0; j < layer.experts(); j++) {
            ups.add(prefix + "experts." + j + ".up_proj.weight");
            downs.add(prefix + "experts." + j + ".down_proj.weight");
        }
        boolean shared = layer.sharedInnerSize() > 0;
        ExpertsMixer.Weights read = new ExpertsMixer.Weights(
                loader.matrix(prefix + "gate.weight"),
                loader.vector(prefix + "gate.e_score_correction_bias"),
                loader.matrices(ups),
                loader.matrices(downs),
                shared ? loader.matrix(prefix + "shared_experts.up_proj.weight") : null,
                shared ? loader.matrix(prefix + "shared_experts.down_proj.weight") : null);
        return new ExpertsMixer(spec, layer, kernels, space, read);
    }

    /** {@return an upper bound of the weights' bytes, whatever their data type} */
    public static long weightBytes(ModelSpec spec, KernelSet kernels) {
        long sum = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            List<Long> shape = tensor.shape();
            int outputs = Math.toIntExact(shape.get(0));
            long elements = shape.stream().reduce(1L, Math::multiplyExact);
            int inputs = Math.toIntExact(elements / outputs);
            sum += shape.size() == 1 || tensor.name().contains("conv1d")
                    ? (long) Float.BYTES * Padding.padded(Math.toIntExact(elements))
                    : kernels.layout().bytes(Matrix.Kind.F32, outputs, inputs);
        }
        return sum;
    }

    /** {@return an upper bound of what it needs beside weights and sequences} */
    public static long workspaceBytes(ModelSpec spec, KernelSet kernels, int contextTokens) {
        long geometry = spans(spec)
                .mapToLong(span -> Geometry.bytes(span.orElse(null), contextTokens))
                .sum();
        return Workspace.bytes(spec, kernels) + Pass.bytes(kernels.maxRows(), geometries(spec)) + geometry;
    }

    private static int geometries(ModelSpec spec) {
        return (int) spans(spec).count();
    }

    /** The different kinds of attention. */
    private static Stream<Optional<SpanAttention>> spans(ModelSpec spec) {
        return spec.layers().stream()
                .filter(LayerSpec.Attention.class::isInstance)
                .map(layer -> Optional.ofNullable(((LayerSpec.Attention) layer).span()))
                .distinct();
    }

    /** {@return the pass that is filled and then {@linkplain #run run}} */
    public Pass pass() {
        return pass;
    }

    /**
     * Has the pass computed; its sequences have grown by its rows when this returns, or will have before others read them.
     *
     * @param head whether logits are wanted of all its rows, at most {@value #HEAD_ROWS}
     */
    public void run(boolean head) {
        pass.upload();
        geometries.values().forEach(geometry -> geometry.upload(pass));
        pass.others().send();
        if (runner instanceof CudaStream stream && pass.segments() == pass.rows() && pass.rows() <= MOST_STEP_ROWS) {
            step(stream, head);
        } else {
            compute(head);
        }
        pass.advance();
    }

    /** The second time the calls are the same they are captured, and from then on called as one. */
    private void step(CudaStream stream, boolean head) {
        int tables = geometries.values().stream().mapToInt(Geometry::tables).sum();
        if (tables != stripeTables) { // what was captured looks at memory that was given back
            stripeTables = tables;
            closeSteps();
        }
        int key = 2 * pass.rows() + (head ? 1 : 0);
        Optional<CudaStream.Graph> known = steps.get(key);
        if (known == null) {
            compute(head);
            steps.put(key, Optional.empty());
            return;
        }
        CudaStream.Graph graph = known.orElseGet(() -> stream.capture(() -> compute(head)));
        steps.put(key, Optional.of(graph));
        graph.run();
    }

    private void closeSteps() {
        steps.values().forEach(step -> step.ifPresent(CudaStream.Graph::close));
        steps.clear();
    }

    private void compute(boolean head) {
        embed.memory(0, pass.ids()).integer(3, pass.rows()).run(pass.rows(), 32);
        for (Layer layer : layers) {
            layer.norm.integer(4, pass.rows()).run(pass.rows(), 16);
            layer.mixer.mix(pass);
        }
        if (head) {
            head(rowNumbers, pass.rows());
        }
    }

    private void head(DeviceMemory rows, int count) {
        lastNorm.memory(1, rows).integer(4, count).run(count, 16);
        head.run(count);
        best.ifPresent(call -> call.integer(2, count).run(count));
    }

    /** {@return whether the device finds the best ids itself, so that logits need not leave it} */
    public boolean findsBest() {
        return best.isPresent();
    }

    /**
     * Reads what the device has found the best ids of a pass that was run with its head.
     *
     * @param targets takes the id of each row, −1 where a logit is not finite
     */
    public void best(int[] targets, int first, int count) {
        bestIds.read(0, targets, first, count);
    }

    /** Reads the logits of a row of a pass that was run with its head. */
    public void logits(int row, float[] target) {
        logits.read((long) Float.BYTES * row * logitsStride, target, 0, spec.vocabularySize());
    }

    /**
     * Computes logits of rows of the last pass.
     *
     * @param rows the rows
     * @param count how many of them, at most {@link Pass#maxRows}
     * @param targets takes the logits of each
     */
    public void logits(int[] rows, int count, float[][] targets) {
        for (int first = 0; first < count; first += HEAD_ROWS) {
            int part = Math.min(HEAD_ROWS, count - first);
            headRows.write(0, rows, first, part);
            head(headRows, part);
            for (int i = 0; i < part; i++) {
                logits(i, targets[first + i]);
            }
        }
    }

    /** Waits until all is computed. */
    public void finish() {
        runner.finish();
    }

    /** Gives everything back. */
    public void release() {
        closeSteps();
        weights.forEach(account::free);
        releaseWorkspace();
    }

    private void releaseWorkspace() {
        geometries.values().forEach(Geometry::release);
        pass.release();
        space.release();
    }
}
