package dev.longspan.tvm.network;

/** What a layer does with the normed rows; it adds its result to the hidden ones. */
interface Mixer {
    void mix(Pass pass);
}
