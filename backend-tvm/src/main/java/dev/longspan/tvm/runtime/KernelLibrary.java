package dev.longspan.tvm.runtime;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A library of compiled kernels. Its kernels are found and called by any thread; it stays loaded until the process ends. */
public final class KernelLibrary {
    private final Path file;
    private final long module;
    private final Map<String, Long> functions = new HashMap<>();

    private KernelLibrary(Path file, long module) {
        this.file = file;
        this.module = module;
    }

    /** Loads a library by the ending of its name: {@code .so} for processors, {@code .cubin} for GPUs. */
    static KernelLibrary load(Path file) {
        String name = file.toString();
        long[] module = new long[1];
        Calls.check(TvmApi.TVMModLoadFromFile(name, name.substring(name.lastIndexOf('.') + 1), module));
        return new KernelLibrary(file, module[0]);
    }

    /**
     * {@return a call of a kernel for processors, with room for its arguments}
     *
     * @param name the kernel
     * @param arguments how many arguments it takes, beside the tasks
     * @param team whose threads it is to run on
     * @throws TvmException if there is no such kernel
     */
    public KernelCall call(String name, int arguments, KernelTeam team) {
        return new TeamCall(name, function(name), arguments, team);
    }

    /**
     * {@return a call of kernels for GPUs, with room for their arguments}
     *
     * @param name what they do
     * @param arguments how many arguments they take
     * @param stream where they are to run
     * @param plan which they are; one that is not there is refused when it is launched
     */
    public KernelCall call(String name, int arguments, CudaStream stream, LaunchCall.Plan plan) {
        return new LaunchCall(name, this, arguments, stream, plan);
    }

    /** {@return a kernel, by its name} */
    synchronized long function(String name) {
        Long known = functions.get(name);
        if (known != null) {
            return known;
        }
        long[] function = new long[1];
        Calls.check(TvmApi.TVMModGetFunction(module, name, 0, function));
        if (function[0] == 0) { // calling it would end the process
            throw new TvmException("there is no kernel '" + name + "' in " + file);
        }
        functions.put(name, function[0]);
        return function[0];
    }
}
