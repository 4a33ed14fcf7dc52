package dev.longspan.reference.network;

/** A multilayer perceptron: {@code down(relu(up(x))²)}. */
record MlpMixer(Matrix up, Matrix down) implements Mixer {
    @Override
    public void mix(Pass pass, Workspace space) {
        space.products
                .addReluSquared(space.normed, space.wide, 0, pass.rows(), up)
                .compute();
        space.products.add(space.wide, space.mixed, 0, pass.rows(), down).compute();
    }
}
