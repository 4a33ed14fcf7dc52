package dev.longspan.tvm.runtime;

import com.sun.jna.Library;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TVM's runtime in this process. A shared library is loaded once and stays until the process ends, so there is one of these; what was
 * asked for by the first who loaded it holds for all.
 *
 * <p>Any thread.
 */
public final class TvmRuntime {
    /** The version of TVM, as in the name of its artifact. */
    public static final String VERSION = "tvm-0.18.0-1.5.11";

    private static final Logger LOG = LoggerFactory.getLogger(TvmRuntime.class);
    private static final String PLACE = "org/bytedeco/tvm/linux-x86_64-gpu/";
    private static final String RUNTIME = "libtvm_runtime.so";
    private static final String CUDA_PLACE = "org/bytedeco/cuda/linux-x86_64/";
    private static final String DRIVER = "libcuda.so.1";
    private static final String CUDA_RUNTIME = "libcudart.so.12";
    /** Symbols are looked up when they are used, and for all libraries. */
    private static final int LAZY_AND_GLOBAL = 0x101;

    /** How the names of properties begin that JNA sets when it is loaded, and does not read again. */
    private static final List<String> OF_JNA = List.of("jnidispatch.", "jna.");

    private static final int NO_DEVICE = 100;

    /** What the runtime names, and nothing here calls; with the versions that it asks for. */
    private static final Map<String, List<String>> UNUSED = Map.of(
            "libOpenCL.so.1", List.of("OPENCL_1.0", "OPENCL_1.1", "OPENCL_1.2"),
            "libopenblas.so.0", List.of(),
            "libdnnl.so.2", List.of(),
            "libcudnn.so.9", List.of("libcudnn.so.9"),
            "libcublas.so.12", List.of("libcublas.so.12"),
            "libcublasLt.so.12", List.of("libcublasLt.so.12"));

    /** JNA unloads a library that nobody holds. */
    private static final Set<NativeLibrary> HELD = ConcurrentHashMap.newKeySet();
    /** What stands in for others, from now on: it is found by their names. */
    private static final Set<String> STAND_INS = ConcurrentHashMap.newKeySet();

    private static final ReentrantLock LOADING = new ReentrantLock();
    private static final AtomicReference<@Nullable TvmRuntime> LOADED = new AtomicReference<>();

    private final Optional<Missing> cudaProblem;

    /** What a GPU would need; the words of a {@link TvmUnavailableException}. */
    private record Missing(String problem, String detail, String remedy) {}

    private final NativeFolder folder;
    private final boolean driver;
    private final Map<Path, KernelLibrary> libraries = new ConcurrentHashMap<>();

    private TvmRuntime(NativeFolder folder, boolean driver, Optional<Missing> cudaProblem) {
        this.folder = folder;
        this.driver = driver;
        this.cudaProblem = cudaProblem;
    }

    /**
     * {@return the runtime, loaded if it is not}
     *
     * @throws TvmUnavailableException if it cannot be loaded here
     */
    public static TvmRuntime load(NativeOptions options) {
        LOADING.lock();
        try {
            TvmRuntime loaded = LOADED.get();
            if (loaded == null) {
                Set<String> before = propertiesOfJna();
                loaded = open(options);
                Set<String> after = propertiesOfJna();
                after.removeAll(before);
                after.forEach(System::clearProperty);
                LOADED.set(loaded);
            }
            return loaded;
        } finally {
            LOADING.unlock();
        }
    }

    private static Set<String> propertiesOfJna() {
        Set<String> names = new TreeSet<>(System.getProperties().stringPropertyNames());
        names.removeIf(name -> OF_JNA.stream().noneMatch(name::startsWith));
        return names;
    }

    private static TvmRuntime open(NativeOptions options) {
        if (!(Platform.isLinux() && Platform.isIntel() && Platform.is64Bit())) {
            throw new TvmUnavailableException(
                    "there are no natives for this platform",
                    System.getProperty("os.name") + " on " + System.getProperty("os.arch"),
                    "use Linux on x86-64, or another backend",
                    null);
        }
        NativeFolder folder = NativeFolder.at(options.folder());
        Path runtime = options.runtime()
                .map(TvmRuntime::existing)
                .orElseGet(() -> folder.resource(
                        PLACE + RUNTIME,
                        RUNTIME,
                        "add org.bytedeco:tvm with the classifier linux-x86_64-gpu to the class path (beside the module path,"
                                + " if there is one), or name the file by the setting '"
                                + NativeOptions.RUNTIME_SETTING + "'"));
        boolean driver = isLoaded(DRIVER);
        Optional<Missing> cudaProblem = loadCuda(folder, driver);
        UNUSED.forEach((name, versions) -> {
            if (!isLoaded(name)) { // others in this process may need the real one
                standIn(folder, name, List.of(), versions, 1);
            }
        });
        try {
            TvmApi.bind(open(runtime.toString()));
        } catch (UnsatisfiedLinkError e) {
            throw new TvmUnavailableException(
                    "TVM's runtime cannot be loaded",
                    String.valueOf(e.getMessage()),
                    "it needs glibc 2.27 and libstdc++ of GCC 9 or later, and a folder from which programs may be run: name "
                            + "another one by the setting '" + NativeOptions.FOLDER_SETTING + "'",
                    e);
        }
        return new TvmRuntime(folder, driver, cudaProblem);
    }

    private static Path existing(Path named) {
        if (!Files.isRegularFile(named)) {
            throw new TvmUnavailableException(
                    "the named runtime is not there",
                    named.toString(),
                    "name the file libtvm_runtime.so by the setting '" + NativeOptions.RUNTIME_SETTING + "'",
                    null);
        }
        return named.toAbsolutePath();
    }

    /** Loads what speaks to a GPU, or stands in for it; answers why there is none. */
    private static Optional<Missing> loadCuda(NativeFolder folder, boolean driver) {
        if (!driver) {
            standIn(folder, DRIVER, CudaSymbols.DRIVER, List.of(), NO_DEVICE);
        }
        Optional<NativeLibrary> runtime = driver ? cudaRuntime(folder) : Optional.empty();
        if (runtime.isEmpty()) {
            List<String> functions = CudaSymbols.RUNTIME.stream()
                    .map(function -> function + "@" + CUDA_RUNTIME)
                    .toList();
            standIn(folder, CUDA_RUNTIME, functions, List.of(CUDA_RUNTIME), NO_DEVICE);
        }
        runtime.ifPresent(CudaApi::bind);
        if (!driver) {
            return Optional.of(new Missing(
                    "there is no NVIDIA driver", DRIVER + " was not found", "install the driver 580 or a later one"));
        }
        return runtime.isPresent()
                ? Optional.empty()
                : Optional.of(
                        new Missing(
                                "there is no CUDA runtime",
                                CUDA_RUNTIME + " was not found",
                                "install CUDA 12, or add org.bytedeco:cuda-redist with the classifier linux-x86_64 to the class path"));
    }

    private static Optional<NativeLibrary> cudaRuntime(NativeFolder folder) {
        if (isLoaded(CUDA_RUNTIME)) {
            return Optional.of(open(CUDA_RUNTIME));
        }
        if (TvmRuntime.class.getClassLoader().getResource(CUDA_PLACE + CUDA_RUNTIME) == null) {
            return Optional.empty();
        }
        String unpacked =
                folder.resource(CUDA_PLACE + CUDA_RUNTIME, CUDA_RUNTIME, "").toString();
        return isLoaded(unpacked) ? Optional.of(open(unpacked)) : Optional.empty();
    }

    private static boolean isLoaded(String name) {
        if (STAND_INS.contains(name)) {
            return false;
        }
        try {
            open(name);
            return true;
        } catch (UnsatisfiedLinkError e) {
            LOG.debug("{} is not on this machine", name, e);
            return false;
        }
    }

    private static void standIn(
            NativeFolder folder, String name, List<String> functions, List<String> versions, int result) {
        if (STAND_INS.contains(name)) { // of an attempt that failed later
            return;
        }
        Path file = folder.file(name, StandIn.library(name, functions, versions, result));
        try {
            open(file.toString());
            STAND_INS.add(name);
        } catch (UnsatisfiedLinkError e) {
            throw new TvmUnavailableException(
                    "libraries in the folder for natives cannot be loaded",
                    String.valueOf(e.getMessage()),
                    "name a folder from which programs may be run by the setting '" + NativeOptions.FOLDER_SETTING
                            + "'",
                    e);
        }
    }

    private static NativeLibrary open(String name) {
        NativeLibrary library = NativeLibrary.getInstance(name, Map.of(Library.OPTION_OPEN_FLAGS, LAZY_AND_GLOBAL));
        HELD.add(library);
        return library;
    }

    /** {@return whether there is a driver for GPUs; not whether one works} */
    public boolean hasDriver() {
        return driver;
    }

    /**
     * {@return the GPUs that kernels can run on; at least one}
     *
     * @throws TvmUnavailableException if there is none; it says why
     */
    public List<CudaDevices.Found> gpus() {
        if (cudaProblem.isPresent()) {
            Missing missing = cudaProblem.get();
            throw new TvmUnavailableException(missing.problem, missing.detail, missing.remedy, null);
        }
        return CudaDevices.find(open(DRIVER));
    }

    /**
     * {@return a stream of a GPU}
     *
     * @throws TvmException if there is no such GPU
     */
    public CudaStream stream(TvmDevice device) {
        requireDevice(device);
        return CudaStream.open(device);
    }

    /**
     * {@return the path of a resource of this module, unpacked to the folder that the runtime was loaded with}
     *
     * @throws TvmUnavailableException if it is not there, or cannot be written
     */
    public Path unpacked(String place, String name) {
        return folder.resource(place + name, name, "the module is not whole: build it again");
    }

    /** {@return a library of kernels} It is loaded once for all who ask, since it is never unloaded. */
    public KernelLibrary kernels(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new TvmException("there is no library of kernels at " + file);
        }
        return libraries.computeIfAbsent(file.toAbsolutePath(), KernelLibrary::load);
    }

    /**
     * {@return a block of memory}
     *
     * @throws TvmException if there is none
     */
    public DeviceMemory allocate(TvmDevice device, long bytes) {
        requireDevice(device);
        return DeviceMemory.allocate(device, bytes);
    }

    private void requireDevice(TvmDevice device) {
        if (device.kind() == TvmDevice.Kind.CUDA && cudaProblem.isPresent()) {
            throw new TvmException("there is no such device: " + cudaProblem.get().problem);
        }
    }
}
