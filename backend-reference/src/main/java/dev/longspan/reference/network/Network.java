package dev.longspan.reference.network;

import java.util.List;

/** A network with its weights: {@code h = h + mixer(rmsnorm(h))} for each layer, then norm and head. */
public final class Network {
    /** One layer. */
    record Layer(RmsNorm norm, Mixer mixer) {}

    private final Matrix embeddings;
    private final List<Layer> layers;
    private final RmsNorm norm;
    private final Matrix head;

    Network(Matrix embeddings, List<Layer> layers, RmsNorm norm, Matrix head) {
        this.embeddings = embeddings;
        this.layers = List.copyOf(layers);
        this.norm = norm;
        this.head = head;
    }

    int layers() {
        return layers.size();
    }

    Mixer mixer(int layer) {
        return layers.get(layer).mixer();
    }

    void embed(int id, float[] target) {
        embeddings.copyOutput(id, target);
    }

    /** The norm before a layer; behind the last one, the norm before the head. */
    RmsNorm norm(int layer) {
        return layer < layers.size() ? layers.get(layer).norm() : norm;
    }

    Matrix head() {
        return head;
    }
}
