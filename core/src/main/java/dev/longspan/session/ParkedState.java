package dev.longspan.session;

import dev.longspan.engine.ParkedSize;
import java.nio.file.Path;
import java.util.List;

/**
 * What was parked.
 *
 * @param file holds the state
 * @param hash of the file, so that what has changed on disk is never taken for it
 * @param positions how many tokens each of its checkpoints has absorbed, ascending
 * @param turnEnds whether a turn ended at each of them
 */
record ParkedState(Path file, String hash, List<Integer> positions, List<Boolean> turnEnds) {
    /** {@return how large it is} */
    ParkedSize size() {
        return new ParkedSize(positions.get(positions.size() - 1), positions.size());
    }

    /** {@return the newest of its positions at or before another; 0 if there is none} */
    int newest(int most) {
        return positions.stream().filter(each -> each <= most).reduce(0, Math::max);
    }
}
