package dev.longspan.session;

import java.nio.file.Path;
import java.util.List;

/**
 * What was parked.
 *
 * @param file holds the state
 * @param hash of the file, so that what has changed on disk is never taken for it
 * @param turnEnds whether a turn ended at each of its checkpoints, by ascending position
 */
record ParkedState(Path file, String hash, List<Boolean> turnEnds) {}
