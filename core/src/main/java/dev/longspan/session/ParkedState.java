package dev.longspan.session;

import java.nio.file.Path;
import java.util.List;

/**
 * What was parked.
 *
 * @param file holds the state
 * @param turnEnds whether a turn ended at each of its checkpoints, by ascending position
 */
record ParkedState(Path file, List<Boolean> turnEnds) {}
