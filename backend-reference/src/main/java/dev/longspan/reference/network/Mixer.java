package dev.longspan.reference.network;

/** What a layer adds to the residual stream. */
interface Mixer {
    /**
     * Computes {@code mixed} from {@code normed} for the rows of a pass, and takes the rows into the sequences.
     *
     * @param pass the rows
     * @param space the intermediate results
     */
    void mix(Pass pass, Workspace space);
}
