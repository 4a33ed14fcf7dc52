package dev.longspan.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which checkpoints a session keeps, by positions alone. */
@Tag("fast")
class KeepRuleTest {
    /** A checkpoint that is a length. */
    private record At(int length) implements Checkpoint {
        @Override
        public long bytes() {
            return 0;
        }

        @Override
        public long exclusiveBytes() {
            return 0;
        }

        @Override
        public List<TensorInfo> tensors() {
            return List.of();
        }

        @Override
        public void write(StateSink sink) {
            // there is nothing
        }

        @Override
        public void close() {
            // nothing to free
        }
    }

    private static Kept kept(int position, boolean turnEnd) {
        return new Kept(new SharedCheckpoint(new At(position)), turnEnd);
    }

    private static List<Integer> chosen(List<Kept> candidates, int head, int before, int after) {
        return KeepRule.choose(candidates, head, before, after).stream()
                .map(Kept::position)
                .toList();
    }

    private static List<Kept> ends(int... positions) {
        List<Kept> all = new ArrayList<>();
        for (int position : positions) {
            all.add(kept(position, true));
        }
        return all;
    }

    @Test
    void theHeadAndWhatIsAroundTheLastQuestionAreKept() {
        List<Kept> all = new ArrayList<>(List.of(kept(90, false), kept(95, false), kept(50, false), kept(100, true)));
        assertThat(chosen(all, 100, 90, 95)).containsExactly(90, 95, 100);
    }

    @Test
    void theFourNewestTurnEndsAreKept() {
        assertThat(chosen(ends(10, 20, 30, 40, 50, 60), 60, 0, 0)).containsExactly(30, 40, 50, 60);
    }

    @Test
    void whatIsNoTurnEndIsNotKeptForItsAge() {
        List<Kept> all = new ArrayList<>(ends(60));
        all.add(kept(55, false));
        assertThat(chosen(all, 60, 0, 0)).containsExactly(60);
    }

    @Test
    void thenTheNewestTurnEndAtEachDoublingDistance() {
        List<Kept> all = ends(1000, 60_000, 80_000, 90_000, 91_807, 91_808, 91_809, 99_000, 99_500, 99_900, 100_000);
        // 100 000 less 8192 is 91 808, less 16 384 is 83 616, less 32 768 is 67 232, less 65 536 is 34 464
        assertThat(chosen(all, 100_000, 0, 0))
                .containsExactly(1000, 60_000, 80_000, 91_808, 99_000, 99_500, 99_900, 100_000);
    }

    @Test
    void exactlyAtADistanceIsBehindIt() {
        assertThat(chosen(ends(1, 8191, 8192, 8193, 8194, 8195, 8196), 8196, 0, 0))
                .as("the distance of 8192 leads to position 4")
                .containsExactly(1, 8193, 8194, 8195, 8196);
        assertThat(chosen(ends(1, 8189, 8190, 8191, 8192), 8192, 0, 0))
                .as("a head at the distance itself has nothing behind it")
                .containsExactly(8189, 8190, 8191, 8192);
    }

    @Test
    void atMostTwelveAreKeptTheImportantOnesFirst() {
        int head = 1 << 30;
        List<Integer> positions = new ArrayList<>();
        for (int distance = 8192; distance < head; distance *= 2) {
            positions.add(head - distance);
        }
        List<Kept> all = ends(positions.stream().mapToInt(Integer::intValue).toArray());
        all.addAll(ends(head - 3, head - 2, head - 1, head));
        all.add(kept(5, false));
        all.add(kept(6, false));
        List<Integer> chosen = chosen(all, head, 5, 6);
        assertThat(chosen).hasSize(12).contains(5, 6, head - 3, head - 2, head - 1, head, head - 8192);
        assertThat(chosen).isSorted().doesNotContain(positions.get(positions.size() - 1));
    }

    @Test
    void ofTwoAtOnePlaceTheTurnEndIsKept() {
        List<Kept> all = List.of(kept(10, false), kept(10, true));
        assertThat(KeepRule.choose(all, 10, 0, 0)).singleElement().matches(Kept::turnEnd);
    }
}
