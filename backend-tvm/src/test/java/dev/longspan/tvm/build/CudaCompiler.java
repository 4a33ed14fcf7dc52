package dev.longspan.tvm.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Compiles the kernels for GPUs: {@code CudaCompiler sources output}. It needs NVIDIA's compiler, {@code nvcc}, on the path; where
 * there is none, and what was compiled before is of the same sources, it does nothing. The same sources give the same bytes.
 *
 * <p>What comes of it is machine code for the architectures there are, PTX for later ones, and for TVM a list of the kernels and what
 * they take.
 */
public final class CudaCompiler {
    private static final List<String> ARCHITECTURES = List.of("80", "90");
    private static final Pattern KERNEL = Pattern.compile("\\.visible \\.entry (\\w+)\\(([^)]*)\\)");
    private static final Pattern PARAMETER = Pattern.compile("\\.param \\.(\\w+) ");

    private CudaCompiler() {}

    /** Compiles. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length != 2) {
            throw new IllegalArgumentException("expected sources and output");
        }
        Path sources = Path.of(arguments[0]).toAbsolutePath();
        Path output = Path.of(arguments[1]).toAbsolutePath();
        String stamp = KernelStamp.of(sources, KernelStamp.NVCC) + "\n";
        Path stampFile = output.resolve("cuda.stamp");
        boolean current = Files.exists(stampFile) && Files.readString(stampFile).equals(stamp);
        if (!hasCompiler()) {
            if (!current) {
                throw new IOException("the kernels for GPUs have changed: compiling them needs nvcc on the path");
            }
            return;
        }
        Path kernels = sources.resolve("kernels.cu");
        List<String> command = new ArrayList<>(List.of("-std=c++17", "-fatbin", "-Xfatbin", "-compress-all"));
        for (String architecture : ARCHITECTURES) {
            command.add("-gencode");
            command.add("arch=compute_" + architecture + ",code=sm_" + architecture);
        }
        String newest = ARCHITECTURES.get(ARCHITECTURES.size() - 1);
        command.add("-gencode");
        command.add("arch=compute_" + newest + ",code=compute_" + newest);
        compile(command, kernels, output.resolve("cuda.cubin"));
        Path ptx = Files.createTempFile("kernels", ".ptx");
        try {
            compile(List.of("-std=c++17", "-ptx", "-arch=compute_" + newest), kernels, ptx);
            Files.writeString(output.resolve("cuda.tvm_meta.json"), signatures(Files.readString(ptx)));
        } finally {
            Files.delete(ptx);
        }
        Files.writeString(stampFile, stamp);
    }

    private static boolean hasCompiler() throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder("nvcc", "--version")
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) { // there is no such program
            return false;
        }
        String words = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        if (!words.contains(KernelStamp.NVCC)) {
            throw new IOException("expected nvcc of '" + KernelStamp.NVCC + "', found: " + words);
        }
        return true;
    }

    private static void compile(List<String> options, Path source, Path target)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("nvcc"));
        command.addAll(options);
        command.addAll(List.of(source.toString(), "-o", target.toString()));
        int result = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (result != 0) {
            throw new IOException("nvcc ended with " + result);
        }
    }

    /** What TVM wants to know of each kernel: the types of its parameters, and what is given to the launch behind them. */
    private static String signatures(String ptx) {
        try (Stream<MatchResult> kernels = KERNEL.matcher(ptx).results()) {
            return kernels.map(CudaCompiler::signature)
                    .sorted()
                    .collect(Collectors.joining(",\n", "{\"tvm_version\": \"0.18.0\", \"func_info\": {\n", "\n}}\n"));
        }
    }

    private static String signature(MatchResult kernel) {
        String types = PARAMETER
                .matcher(kernel.group(2))
                .results()
                .map(parameter -> '"' + type(parameter.group(1)) + '"')
                .collect(Collectors.joining(", "));
        return String.format(
                Locale.ROOT,
                "  \"%1$s\": {\"name\": \"%1$s\", \"arg_types\": [%2$s], \"launch_param_tags\": [\"blockIdx.x\", \"threadIdx.x\"]}",
                kernel.group(1),
                types);
    }

    private static String type(String ptx) {
        return switch (ptx) {
            case "u64" -> "int64"; // addresses, too
            case "f32" -> "float32";
            default -> throw new IllegalStateException("kernels take addresses, 64-bit numbers and floats, not " + ptx);
        };
    }
}
