package dev.longspan.snapshot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A disk whose operations are named, counted and told to a watcher before they happen. */
final class WatchedDisk extends Disk {
    private final Path store;
    private final Watcher watcher;
    private int count;

    /** Is told of every operation; may make it fail. */
    interface Watcher {
        void before(int number, String step) throws IOException;
    }

    WatchedDisk(Path store, Watcher watcher) {
        this.store = store.toAbsolutePath();
        this.watcher = watcher;
    }

    /** Watches into a list. */
    static WatchedDisk recording(Path store, List<String> steps) {
        return new WatchedDisk(store, (number, step) -> steps.add(step));
    }

    @Override
    protected void before(String operation, Path path) throws IOException {
        // temporary names differ from run to run
        String place = path.startsWith(store)
                ? store.relativize(path).toString().replaceFirst("^\\.tmp-[0-9a-f-]+", ".tmp")
                : path.toString();
        watcher.before(count++, operation + " " + place);
    }

    /** The steps that change something, those that write with the number of their first and of their last time. */
    static List<String> changing(List<String> steps) {
        List<String> changing = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            String step = steps.get(i);
            boolean changes = step.matches("(create|create folder|write|force|force folder|move|delete|lock) .*");
            boolean first = !step.startsWith("lock") && steps.indexOf(step) == i;
            if (changes && (first || steps.lastIndexOf(step) == i)) {
                changing.add(i + " " + step);
            }
        }
        return changing;
    }
}
