package dev.longspan.tvm.network;

import dev.longspan.spi.ModelSpec;

/** {@code down(relu(up(x))²)}. */
final class MlpMixer implements Mixer {
    private final Product up;
    private final Product down;

    MlpMixer(ModelSpec model, KernelSet kernels, Workspace space, Matrix up, Matrix down) {
        BufferSize hidden = BufferSize.hidden(model);
        BufferSize inner = BufferSize.inner(up.outputs());
        this.up = new Product(
                kernels,
                up,
                space.get(BufferSize.normed(model)),
                hidden.width(),
                space.get(inner),
                inner.width(),
                Product.Then.STORE_RELU_SQUARED);
        this.down = new Product(
                kernels, down, space.get(inner), inner.width(), space.get(hidden), hidden.width(), Product.Then.ADD);
    }

    @Override
    public void mix(Pass pass) {
        up.run(pass.rows());
        down.run(pass.rows());
    }
}
