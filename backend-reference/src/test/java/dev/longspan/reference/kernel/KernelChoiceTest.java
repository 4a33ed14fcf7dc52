package dev.longspan.reference.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The plain loops and the explicit vectors, the latter in a Java runtime of their own. */
class KernelChoiceTest {
    @Test
    void withoutTheFlagThePlainLoopsRunAndTheNoticeNamesTheFlag() {
        KernelChoice choice = KernelChoice.best();
        assertThat(choice.kernels()).isInstanceOf(PlainKernels.class);
        assertThat(choice.notice()).contains("--add-modules jdk.incubator.vector");
    }

    @Test
    void explicitVectorsGiveTheBitsOfThePlainLoops() throws IOException, InterruptedException {
        String plain = "PlainKernels " + KernelBits.hash(new PlainKernels());
        assertThat(child()).isEqualTo(plain);
        assertThat(child("--add-modules", "jdk.incubator.vector"))
                .isEqualTo(plain.replace("PlainKernels", "VectorKernels"));
    }

    private static String child(String... flags) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(flags));
        command.addAll(List.of(
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                KernelBits.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).isZero();
        return output;
    }
}
