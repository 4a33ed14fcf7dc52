package dev.longspan.tvm.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KernelTeamTest {
    /** More than there are processors, so that some are late for every round. */
    private static final int THREADS = 9;

    private static final int ROUNDS = 100_000;

    private static void run(KernelTeam team, KernelTeam.Tasks tasks, long count) {
        team.lock().lock();
        try {
            team.run(tasks, count, 1);
        } finally {
            team.lock().unlock();
        }
    }

    @Test
    void everyTaskIsDoneOnceAndInItsRound() {
        AtomicInteger late = new AtomicInteger();
        try (KernelTeam team = new KernelTeam(THREADS)) {
            for (int round = 0; round < ROUNDS; round++) {
                int count = 2 + round * 7 % 61; // so that a round has more pieces than the one before, or fewer
                AtomicIntegerArray done = new AtomicIntegerArray(count);
                AtomicBoolean over = new AtomicBoolean();
                run(
                        team,
                        (worker, first, last) -> {
                            for (long task = first; task < last; task++) {
                                done.incrementAndGet((int) task);
                            }
                            late.addAndGet(over.get() ? 1 : 0);
                        },
                        count);
                over.set(true);
                for (int task = 0; task < count; task++) {
                    assertThat(done.get(task))
                            .as("task %d of round %d", task, round)
                            .isEqualTo(1);
                }
            }
        }
        assertThat(late).hasValue(0);
    }

    @Test
    void noTwoThreadsAreTheSameWorker() {
        AtomicIntegerArray inside = new AtomicIntegerArray(THREADS);
        AtomicInteger met = new AtomicInteger();
        try (KernelTeam team = new KernelTeam(THREADS)) {
            for (int round = 0; round < 1000; round++) {
                run(
                        team,
                        (worker, first, last) -> {
                            met.addAndGet(inside.incrementAndGet(worker) - 1);
                            inside.decrementAndGet(worker);
                        },
                        100);
            }
        }
        assertThat(met).hasValue(0);
    }

    @Test
    void whatATaskThrowsIsThrownWhenAllHaveEnded() {
        AtomicInteger ended = new AtomicInteger();
        try (KernelTeam team = new KernelTeam(3)) {
            for (long bad : new long[] {0, 7, 35}) {
                ended.set(0);
                assertThatThrownBy(() -> run(
                                team,
                                (worker, first, last) -> {
                                    ended.incrementAndGet();
                                    if (first <= bad && bad < last) {
                                        throw new IllegalStateException("task " + bad);
                                    }
                                },
                                36))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("task " + bad);
                assertThat(ended).hasValue(12); // four pieces for each thread
            }
            run(team, (worker, first, last) -> ended.set(100), 2);
        }
        assertThat(ended).hasValue(100);
    }
}
