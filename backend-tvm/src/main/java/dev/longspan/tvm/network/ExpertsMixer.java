package dev.longspan.tvm.network;

import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;
import org.jspecify.annotations.Nullable;

/** A mixture of experts: rows are sorted by expert, so that each expert's weights are read once. */
final class ExpertsMixer implements Mixer {
    private final LayerSpec.Experts spec;
    private final KernelSet kernels;
    private final Product gate;
    private final KernelCall route;
    private final KernelCall gather;
    private final ExpertProduct up;
    private final ExpertProduct down;
    private final @Nullable Product sharedUp;
    private final @Nullable Product sharedDown;
    private final KernelCall combine;

    /**
     * The weights of a layer.
     *
     * @param up of all experts, one behind the other
     * @param down of all experts, one behind the other
     * @param sharedUp of the shared expert; null if there is none
     * @param sharedDown of the shared expert; null if there is none
     */
    record Weights(
            Matrix gate,
            DeviceMemory bias,
            Matrix up,
            Matrix down,
            @Nullable Matrix sharedUp,
            @Nullable Matrix sharedDown) {}

    ExpertsMixer(ModelSpec model, LayerSpec.Experts e, KernelSet kernels, Workspace space, Weights weights) {
        spec = e;
        this.kernels = kernels;
        BufferSize hidden = BufferSize.hidden(model);
        BufferSize inner = BufferSize.expertInner(e);
        DeviceMemory normed = space.get(BufferSize.normed(model));
        DeviceMemory router = space.get(BufferSize.router(e));
        DeviceMemory choices = space.get(BufferSize.choices("choices", e));
        DeviceMemory choiceWeights = space.get(BufferSize.choices("choice weights", e));
        DeviceMemory slots = space.get(BufferSize.choices("slots", e));
        DeviceMemory slotRows = space.get(BufferSize.choices("slot rows", e));
        DeviceMemory starts = space.get(BufferSize.expertStarts(e));
        DeviceMemory output = space.get(BufferSize.expertOutput(model, e));
        DeviceMemory sharedOutput = space.get(BufferSize.sharedOutput(model));
        gate = new Product(
                kernels,
                weights.gate,
                normed,
                hidden.width(),
                router,
                BufferSize.router(e).width(),
                Product.Then.STORE);
        route = kernels.route()
                .memory(0, router)
                .memory(1, weights.bias)
                .memory(2, space.get(BufferSize.routerScratch(e)))
                .memory(3, choices)
                .memory(4, choiceWeights)
                .integer(6, e.experts())
                .integer(7, e.perToken())
                .integer(8, e.groups())
                .integer(9, e.topGroups())
                .integer(10, BufferSize.router(e).width())
                .integer(11, e.normalized() ? 1 : 0)
                .number(12, e.scaling());
        gather = kernels.gather()
                .memory(0, choices)
                .memory(1, starts)
                .memory(2, slotRows)
                .memory(3, slots)
                .integer(5, e.experts())
                .integer(6, e.perToken());
        ExpertProduct.Rows between = new ExpertProduct.Rows(space.get(inner), inner.width());
        up = new ExpertProduct(
                kernels,
                weights.up,
                e.experts(),
                new ExpertProduct.Rows(normed, hidden.width()),
                between,
                starts,
                slotRows,
                true);
        down = new ExpertProduct(
                kernels,
                weights.down,
                e.experts(),
                between,
                new ExpertProduct.Rows(output, hidden.width()),
                starts,
                slotRows,
                false);
        if (weights.sharedUp == null || weights.sharedDown == null) {
            sharedUp = null;
            sharedDown = null;
        } else {
            BufferSize shared = BufferSize.inner(e.sharedInnerSize());
            sharedUp = new Product(
                    kernels,
                    weights.sharedUp,
                    normed,
                    hidden.width(),
                    space.get(shared),
                    shared.width(),
                    Product.Then.STORE_RELU_SQUARED);
            sharedDown = new Product(
                    kernels,
                    weights.sharedDown,
                    space.get(shared),
                    shared.width(),
                    sharedOutput,
                    hidden.width(),
                    Product.Then.STORE);
        }
        combine = kernels.combine()
                .memory(0, output)
                .memory(1, slots)
                .memory(2, choiceWeights)
                .memory(3, sharedOutput)
                .memory(4, space.get(hidden))
                .integer(6, e.perToken())
                .integer(7, hidden.width())
                .integer(8, sharedUp == null ? 0 : 1);
    }

    @Override
    public void mix(Pass pass) {
        int rows = pass.rows();
        if (sharedUp != null && sharedDown != null) {
            Product first = sharedUp;
            Product second = sharedDown;
            kernels.runner()
                    .beside(
                            () -> {
                                first.run(rows);
                                second.run(rows);
                            },
                            () -> chosen(rows));
        } else {
            chosen(rows);
        }
        combine.integer(5, rows).run(rows, 8);
    }

    /** What the experts say that a row has chosen. */
    private void chosen(int rows) {
        gate.run(rows);
        route.integer(5, rows).run(rows, 8);
        gather.integer(4, rows).run(1);
        up.run(rows * spec.perToken());
        down.run(rows * spec.perToken());
    }
}
