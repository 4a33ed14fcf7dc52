package dev.longspan.tvm.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.longspan.spi.Availability;
import dev.longspan.spi.BackendOptions;
import dev.longspan.tvm.TvmBackendProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The kernels for GPUs as far as one comes without a GPU: up to the launch. */
class CudaKernelsTest {
    private static final String PLACE = "dev/longspan/tvm/kernels/";
    private static final Pattern CUDA =
            Pattern.compile("extern \"C\" __global__ void (?:__launch_bounds__\\([^)]*\\) )?(\\w+)\\(([^)]*)\\)");
    private static final Pattern PYTHON = Pattern.compile("def (\\w+)\\(\\s+((?:\\w+: T\\.[^\\n]+\\s+)+)\\):");
    private static final Pattern DEFINITIONS = Pattern.compile("(?=\\n *def )");
    private static final Pattern SIGNATURE = Pattern.compile("\"name\": \"(\\w+)\", \"arg_types\": \\[([^\\]]*)\\]");

    /** The kernels for GPUs whose namesake is called otherwise. */
    private static final Map<String, String> NAMESAKES = Map.of(
            "embed", "embed",
            "row_product", "product",
            "step_product", "product",
            "strip_product", "product",
            "expert_step", "expert_product",
            "expert_strip", "expert_product",
            "best", "");

    private static TvmRuntime runtime;

    @BeforeAll
    static void load() {
        runtime = TvmRuntime.load(NativeOptions.defaults());
    }

    private static Path sources(String folder) {
        return Path.of(System.getProperty("longspan.root"), "backend-tvm", "src", "main", folder);
    }

    private static String text(Path folder, String ending) throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(each -> each.toString().endsWith(ending))
                    .sorted()
                    .toList()) {
                all.append(Files.readString(file)).append('\n');
            }
        }
        return all.toString();
    }

    /** The names of each kernel's parameters, by the kernel. */
    private static Map<String, List<String>> ofCuda() throws IOException {
        Map<String, List<String>> kernels = new TreeMap<>();
        CUDA.matcher(text(sources("cuda"), ".cu"))
                .results()
                .forEach(kernel -> kernels.put(
                        kernel.group(1),
                        Arrays.stream(kernel.group(2).split(","))
                                .map(parameter -> parameter.strip().replaceAll(".*[\\s*]", ""))
                                .toList()));
        return kernels;
    }

    /** The same of the kernels for processors, without the range of tasks; of what is made by a function, by the function. */
    private static Map<String, List<String>> ofPython() throws IOException {
        Map<String, List<String>> kernels = new TreeMap<>();
        String maker = "";
        for (String part :
                DEFINITIONS.splitAsStream(text(sources("kernels"), ".py")).toList()) {
            var found = PYTHON.matcher(part);
            if (!found.find()) {
                maker = part.replaceAll("(?s).*?def (\\w+).*", "$1");
                continue;
            }
            List<String> names = Arrays.stream(found.group(2).strip().split("\\n"))
                    .map(line -> line.strip().replaceAll(":.*", ""))
                    .filter(name -> !name.equals("first") && !name.equals("last"))
                    .toList();
            kernels.put(found.group(1).equals("kernel") ? maker : found.group(1), names);
        }
        return kernels;
    }

    private static String namesake(String kernel) {
        String plain = kernel.replaceAll("_(f32|bf16)$", "");
        return NAMESAKES.getOrDefault(
                plain,
                NAMESAKES.getOrDefault(
                        plain, plain.replaceAll("_(part|join|many|rows|keep|step|\\d+|tile_\\d+)$", "")));
    }

    @Test
    void kernelsTakeTheArgumentsOfTheirNamesakesInTheSameOrder() throws IOException {
        Map<String, List<String>> python = ofPython();
        Map<String, List<String>> cuda = ofCuda();
        assertThat(cuda).hasSizeGreaterThan(25);
        for (Map.Entry<String, List<String>> kernel : cuda.entrySet()) {
            String namesake = namesake(kernel.getKey());
            if (!namesake.equals("best")) { // processors leave that to the host
                List<String> expected = python.get(namesake);
                assertThat(expected).as("the namesake of " + kernel.getKey()).isNotNull();
                List<String> found = kernel.getValue();
                assertThat(found.subList(0, Math.min(found.size(), expected.size())))
                        .as(kernel.getKey())
                        .isEqualTo(expected);
                assertThat(found.subList(expected.size(), found.size()))
                        .as(kernel.getKey())
                        .isSubsetOf("scratch", "parts", "first_piece");
            }
        }
    }

    @Test
    void allOfThemAreFoundByTheRuntime() throws IOException {
        Path file = runtime.unpacked(PLACE, "cuda.tvm_meta.json");
        KernelLibrary library = runtime.kernels(runtime.unpacked(PLACE, "cuda.cubin"));
        String signatures = Files.readString(file, StandardCharsets.UTF_8);
        Map<String, Long> counts = SIGNATURE
                .matcher(signatures)
                .results()
                .collect(Collectors.toMap(
                        found -> found.group(1),
                        found -> found.group(2).chars().filter(c -> c == ',').count() + 1));
        for (Map.Entry<String, List<String>> kernel : ofCuda().entrySet()) {
            assertThat(library.function(kernel.getKey())).as(kernel.getKey()).isNotZero();
            assertThat(counts.get(kernel.getKey()))
                    .as(kernel.getKey())
                    .isEqualTo(kernel.getValue().size());
        }
        assertThatThrownBy(() -> library.function("nothing")).isInstanceOf(TvmException.class);
    }

    @Test
    void whoAsksForAGpuWithoutADriverIsToldWhatIsMissing() {
        assumeThat(runtime.hasDriver()).isFalse();
        TvmBackendProvider provider = new TvmBackendProvider();
        for (String device : List.of("cuda", "cuda:0", "cuda:7")) {
            assertThat(provider.probe(BackendOptions.defaults().withDevice(device)))
                    .isInstanceOfSatisfying(Availability.Unavailable.class, problem -> {
                        assertThat(problem.cause()).contains("driver");
                        assertThat(problem.remedy()).contains("580");
                    });
        }
        assertThat(provider.probe(BackendOptions.defaults()))
                .isInstanceOfSatisfying(
                        Availability.Available.class,
                        found -> assertThat(found.notices()).isEmpty());
    }
}
