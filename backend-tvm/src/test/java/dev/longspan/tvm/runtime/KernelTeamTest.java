package dev.longspan.tvm.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
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
        run(team, tasks, count, 1, Long.MAX_VALUE);
    }

    private static void run(KernelTeam team, KernelTeam.Tasks tasks, long count, long least, long most) {
        team.lock().lock();
        try {
            team.run(tasks, count, least, most);
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

    private static List<Long> sizes(int threads, long count, long least, long most) {
        NavigableMap<Long, Long> lastByFirst = new ConcurrentSkipListMap<>();
        try (KernelTeam team = new KernelTeam(threads)) {
            run(team, (worker, first, last) -> lastByFirst.put(first, last), count, least, most);
        }
        List<Long> sizes = new ArrayList<>();
        long end = 0;
        for (Map.Entry<Long, Long> piece : lastByFirst.entrySet()) {
            assertThat(piece.getKey()).isEqualTo(end);
            end = piece.getValue();
            sizes.add(end - piece.getKey());
        }
        assertThat(end).isEqualTo(count);
        return sizes;
    }

    @Test
    void piecesBecomeSmallerSoThatAllThreadsAreReadyTogether() {
        assertThat(sizes(2, 16, 1, Long.MAX_VALUE)).containsExactly(2L, 2L, 2L, 2L, 1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L);
        assertThat(sizes(2, 1000, 1, Long.MAX_VALUE))
                .startsWith(125L, 110L)
                .endsWith(1L, 1L)
                .isSortedAccordingTo(Comparator.reverseOrder());
    }

    @Test
    void piecesHaveNoMoreAndNoFewerTasksThanTheCallerWants() {
        assertThat(sizes(2, 100, 1, 4)).startsWith(4L, 4L).endsWith(1L).allMatch(size -> size <= 4);
        assertThat(sizes(2, 100, 30, Long.MAX_VALUE)).containsExactly(30L, 30L, 30L, 10L);
        assertThat(sizes(2, 100, 100, 4)).containsExactly(100L); // too little for two threads
        assertThat(sizes(1, 100, 1, 4)).containsExactly(100L);
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
                                    ended.addAndGet((int) (last - first));
                                    if (first <= bad && bad < last) {
                                        throw new IllegalStateException("task " + bad);
                                    }
                                },
                                36))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("task " + bad);
                assertThat(ended).hasValue(36);
            }
            run(team, (worker, first, last) -> ended.set(100), 2);
        }
        assertThat(ended).hasValue(100);
    }
}
