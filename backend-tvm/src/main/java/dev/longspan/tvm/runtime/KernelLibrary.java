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

    static KernelLibrary load(Path file) {
        long[] module = new long[1];
        Calls.check(TvmApi.TVMModLoadFromFile(file.toString(), "so", module));
        return new KernelLibrary(file, module[0]);
    }

    /**
     * {@return a call of a kernel, with room for its arguments}
     *
     * @param name the kernel
     * @param arguments how many arguments it takes, beside the tasks
     * @param team whose threads it is to run on
     * @throws TvmException if there is no such kernel
     */
    public KernelCall call(String name, int arguments, KernelTeam team) {
        return new KernelCall(name, function(name), arguments, team);
    }

    private synchronized long function(String name) {
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
