package com.example.plain;

import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Device;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.MemoryUse;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.NumericMode;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Support;
import dev.longspan.spi.UnsupportedFeatureException;
import dev.longspan.spi.WeightSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A backend for networks of dense attention and feed-forward layers: as little as a backend can be. */
final class PlainBackend implements Backend {
    static final int MAX_RUNS = 8;
    static final int MAX_BATCH_TOKENS = 512;

    private final AtomicLong used = new AtomicLong();
    private final List<PlainModel> models = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    void take(long bytes) {
        used.addAndGet(bytes);
    }

    void free(long bytes) {
        used.addAndGet(-bytes);
    }

    void forget(PlainModel model) {
        models.remove(model);
    }

    @Override
    public String id() {
        requireOpen();
        return "plain";
    }

    @Override
    public Device device() {
        requireOpen();
        return PlainBackendProvider.DEVICE;
    }

    @Override
    public String description() {
        requireOpen();
        return "plain Java in float64, one thread; dense attention and feed-forward layers only";
    }

    @Override
    public MemoryUse memory() {
        requireOpen();
        return new MemoryUse(new MemorySize(0, used.get()), new MemorySize(Long.MAX_VALUE, Long.MAX_VALUE));
    }

    @Override
    public Capabilities capabilities() {
        requireOpen();
        // every token is computed alone and in the same order, so that splits and batches give the same bits
        return new Capabilities(NumericMode.F32, MAX_RUNS, MAX_BATCH_TOKENS, Set.of(Feature.BATCH_EXACT));
    }

    @Override
    public Support supports(ModelSpec spec) {
        requireOpen();
        for (int i = 0; i < spec.layers().size(); i++) {
            LayerSpec layer = spec.layers().get(i);
            boolean dense = layer instanceof LayerSpec.Attention attention && attention.span() == null;
            if (!dense && !(layer instanceof LayerSpec.Mlp)) {
                return new Support.Unsupported(
                        "layers[" + i + "]", "expected dense attention or feed-forward, found " + layer);
            }
        }
        return new Support.Supported();
    }

    private void requireSupported(ModelSpec spec) {
        if (supports(spec) instanceof Support.Unsupported unsupported) {
            throw new IllegalArgumentException(unsupported.item() + ": " + unsupported.reason());
        }
    }

    @Override
    public MemoryPlan plan(ModelSpec spec, PlanOptions options) {
        requireSupported(spec);
        return new MemoryPlan(
                new MemorySize(0, PlainWeights.bytes(spec)),
                MemorySize.ZERO,
                new MemorySize(0, PlainState.rowBytes(spec)),
                MemorySize.ZERO);
    }

    @Override
    public LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress progress) {
        requireSupported(spec);
        PlainWeights read = PlainWeights.read(spec, weights, progress); // nothing is counted before all is read
        PlainModel model = new PlainModel(this, spec, read);
        models.add(model);
        return model;
    }

    @Override
    public AttentionKernels attention() {
        requireOpen();
        throw new UnsupportedFeatureException(id(), Feature.ATTENTION_KERNELS);
    }

    @Override
    public void close() {
        models.forEach(PlainModel::close);
        closed = true;
    }
}
