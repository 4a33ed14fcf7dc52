package com.example.plain;

/**
 * Keys and values of one token in all layers, never changed once they are computed, and shared by all states and checkpoints that
 * have the token: that is all there is to rollback and fork.
 */
final class Row {
    final float[][] keys;
    final float[][] values;
    private int holders = 1;

    Row(int layers) {
        keys = new float[layers][];
        values = new float[layers][];
    }

    synchronized void retain() {
        holders++;
    }

    synchronized boolean release() {
        return --holders == 0;
    }

    synchronized boolean isShared() {
        return holders > 1;
    }
}
