package dev.longspan.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SourceFilesTest {
    private static final int MOST_LINES = 500;
    private static final int FEWEST_FILES = 120;

    /** Files that may be longer, each with the reason; empty as long as there is none. */
    private static final Map<String, String> LONGER = Map.of();

    // written in two parts, so that this file does not find itself
    private static final Pattern LEFT_OVER = Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");

    @Test
    void thereAreFilesToLookAt() throws IOException {
        assertThat(Tree.javaSources()).hasSizeGreaterThan(FEWEST_FILES);
    }

    @Test
    void noFileIsLongerThanAReaderLikes() throws IOException {
        Map<String, Long> tooLong = new TreeMap<>();
        for (Path file : Tree.javaSources()) {
            long lines = Files.readString(file).lines().count();
            if (lines > MOST_LINES && !LONGER.containsKey(name(file))) {
                tooLong.put(name(file), lines);
            }
        }
        assertThat(tooLong).isEmpty();
    }

    @Test
    void whatMayBeLongerIsThereAndIsLonger() throws IOException {
        for (String file : LONGER.keySet()) {
            long lines = Files.readString(Tree.root().resolve(file)).lines().count();
            assertThat(lines).as(file).isGreaterThan(MOST_LINES);
        }
    }

    @Test
    void nothingIsLeftForLater() throws IOException {
        Set<String> unfinished = new TreeSet<>();
        for (Path file : Tree.javaSources()) {
            if (LEFT_OVER.matcher(Files.readString(file)).find()) {
                unfinished.add(name(file));
            }
        }
        assertThat(unfinished).isEmpty();
    }

    private static String name(Path file) {
        return Tree.root().relativize(file).toString().replace('\\', '/');
    }
}
