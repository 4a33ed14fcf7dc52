package dev.longspan.tvm.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelStampTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"kernels; stamp; " + KernelStamp.TVM, "cuda; cuda.stamp; '" + KernelStamp.NVCC + "'"})
    void theCompiledKernelsAreThoseOfTheSources(String folder, String stampFile, String compilers) throws IOException {
        Path sources = Path.of(System.getProperty("longspan.root"), "backend-tvm", "src", "main", folder);
        try (InputStream stamp = KernelStampTest.class.getResourceAsStream("/dev/longspan/tvm/kernels/" + stampFile)) {
            assertThat(new String(stamp.readAllBytes(), StandardCharsets.UTF_8).strip())
                    .as("compile them again: ./mvnw -Pkernels -pl backend-tvm -am process-test-classes")
                    .isEqualTo(KernelStamp.of(sources, compilers));
        }
    }
}
