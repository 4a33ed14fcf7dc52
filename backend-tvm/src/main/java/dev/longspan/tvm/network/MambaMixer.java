package dev.longspan.tvm.network;

import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.tvm.memory.Padding;
import dev.longspan.tvm.memory.StateLayout;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;

/** Mamba-2: projection, convolution, recurrence, gated norm, projection. */
final class MambaMixer implements Mixer {
    /** How many channels of the convolution one task computes, as the kernels are compiled. */
    private static final long CHANNELS = 64;

    private final long channels;
    private final long heads;
    private final long groups;
    private final Product in;
    private final KernelCall convolve;
    private final KernelCall scan;
    private final KernelCall norm;
    private final Product out;

    MambaMixer(ModelSpec model, StateLayout.MambaPart part, KernelSet kernels, Workspace space, Weights weights) {
        LayerSpec.Mamba m = part.spec();
        channels = m.channels();
        heads = m.heads();
        groups = m.groups();
        BufferSize hidden = BufferSize.hidden(model);
        DeviceMemory projection = space.get(BufferSize.projection(m));
        DeviceMemory convolved = space.get(BufferSize.convolved(m));
        DeviceMemory scanned = space.get(BufferSize.scanned(m));
        long projectionStride = BufferSize.projection(m).width();
        long convolvedStride = BufferSize.convolved(m).width();
        long scannedStride = BufferSize.scanned(m).width();
        in = new Product(
                kernels,
                weights.in,
                space.get(BufferSize.normed(model)),
                hidden.width(),
                projection,
                projectionStride,
                Product.Then.STORE);
        convolve = kernels.convolve()
                .memory(0, projection)
                .memory(1, weights.convolution)
                .memory(2, weights.convolutionBias)
                .memory(6, convolved)
                .integer(8, m.channels())
                .integer(9, m.convolutionWidth())
                .integer(10, m.innerSize())
                .integer(11, m.stateSize())
                .integer(12, part.paddedStateSize())
                .integer(13, Padding.padded(m.innerSize()))
                .integer(14, m.innerSize())
                .integer(15, projectionStride)
                .integer(16, convolvedStride)
                .integer(17, part.convolutionFirst());
        scan = kernels.scan()
                .memory(0, convolved)
                .memory(1, projection)
                .memory(2, weights.rate)
                .memory(3, weights.timeBias)
                .memory(4, weights.skip)
                .memory(8, scanned)
                .integer(10, m.heads())
                .integer(11, m.headSize())
                .integer(12, m.groups())
                .integer(13, part.paddedStateSize())
                .integer(14, Padding.padded(m.innerSize()))
                .integer(15, (long) m.innerSize() + m.channels())
                .integer(16, projectionStride)
                .integer(17, convolvedStride)
                .integer(18, scannedStride)
                .integer(19, part.stateFirst())
                .number(20, m.minTimeStep())
                .number(21, Math.min(m.maxTimeStep(), Float.MAX_VALUE));
        norm = kernels.gatedNorm()
                .memory(0, scanned)
                .memory(1, projection)
                .memory(2, weights.norm)
                .integer(4, m.groups())
                .integer(5, m.innerSize() / m.groups())
                .integer(6, scannedStride)
                .integer(7, projectionStride)
                .number(8, model.normEpsilon());
        out = new Product(
                kernels, weights.out, scanned, scannedStride, space.get(hidden), hidden.width(), Product.Then.ADD);
    }

    /**
     * The weights of a layer.
     *
     * @param rate −exp(A_log)
     */
    record Weights(
            Matrix in,
            DeviceMemory convolution,
            DeviceMemory convolutionBias,
            DeviceMemory timeBias,
            DeviceMemory rate,
            DeviceMemory skip,
            DeviceMemory norm,
            Matrix out) {}

    @Override
    public void mix(Pass pass) {
        in.run(pass.rows());
        convolve.memory(3, pass.anchor())
                .memory(4, pass.segmentFirst())
                .memory(5, pass.segmentState())
                .integer(7, pass.segments())
                .integer(18, pass.rows())
                .run(pass.segments() * ((channels + CHANNELS - 1) / CHANNELS));
        scan.memory(5, pass.anchor())
                .memory(6, pass.segmentFirst())
                .memory(7, pass.segmentState())
                .integer(9, pass.segments())
                .run(pass.segments() * heads);
        norm.integer(3, pass.rows()).run(pass.rows() * groups);
        out.run(pass.rows());
    }
}
