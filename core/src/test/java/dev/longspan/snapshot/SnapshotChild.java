package dev.longspan.snapshot;

import dev.longspan.SnapshotExistsException;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotNotFoundException;
import dev.longspan.SnapshotPatch;
import dev.longspan.SnapshotSamples;
import dev.longspan.SnapshotStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * The program of a process that is killed while it works in a store. It prints a line for all that it has done, and waits for
 * its end at the step whose number the property {@code longspan.test.stopAt} names.
 */
final class SnapshotChild {
    private SnapshotChild() {}

    public static void main(String[] args) throws IOException {
        // it is started early and waits here, since starting takes longer than the rest
        if (System.in.read() < 0) {
            return;
        }
        Path folder = Path.of(args[0]);
        int stopAt = Integer.getInteger("longspan.test.stopAt", -1);
        Disk disk = new WatchedDisk(folder, (number, step) -> {
            if (number == stopAt) {
                say("stopped at " + step);
                while (true) {
                    LockSupport.park();
                }
            }
        });
        SnapshotFolder store = SnapshotFolder.open(folder, disk);
        if (args[1].equals("loop")) {
            loop(store, new Random(Long.parseLong(args[2])), args[3], Integer.parseInt(args[4]));
        } else {
            work(store, args[1]);
        }
        say("finished");
    }

    /** One piece of work, whose operations are the same each time. */
    static void work(SnapshotStore store, String kind) {
        switch (kind) {
            case "save" -> store.save(SnapshotSamples.draft("new", 4));
            case "patch" -> store.update("patched", SnapshotPatch.keepAll().title("after"));
            default -> store.delete("deleted");
        }
        say("did " + kind);
    }

    /** Saves, patches and deletes at random, snapshots of its own and those that it shares with others. */
    private static void loop(SnapshotFolder store, Random random, String name, int rounds) {
        for (int i = 0; i < rounds; i++) {
            String own = name + "-" + i;
            long seed = random.nextInt(1000);
            store.save(SnapshotSamples.draft(own, seed));
            say("saved " + own + " " + seed);
            store.update(own, SnapshotPatch.keepAll().title(name).tags(List.of("t" + i)));
            say("patched " + own);
            shared(store, random);
            if (random.nextBoolean()) {
                say("deleting " + own);
                store.delete(own);
                say("deleted " + own);
            }
            // another store cleans up, and what others are doing meanwhile is never seen half done
            for (SnapshotInfo each :
                    SnapshotFolder.open(store.path(), new Disk()).list()) {
                if (each.isBroken()) {
                    throw new IllegalStateException("broken: " + each);
                }
            }
        }
    }

    private static void shared(SnapshotStore store, Random random) {
        try {
            switch (random.nextInt(4)) {
                case 0 -> store.delete("shared");
                case 1 -> store.update("shared", SnapshotPatch.keepAll().title("t" + random.nextInt()));
                case 2 -> SnapshotSamples.read(store, "shared");
                default -> store.save(SnapshotSamples.draft("shared", random.nextInt(1000)));
            }
        } catch (SnapshotExistsException | SnapshotNotFoundException e) {
            // the other one was faster
            return;
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
