package dev.longspan.tck;

import dev.longspan.spi.BackendProvider;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** The backends that the command finds, by their ids; what cannot be loaded is kept for the words of a fault. */
final class Candidates {
    private final Map<String, BackendProvider> found = new LinkedHashMap<>();
    private final List<String> faults = new ArrayList<>();

    Candidates(ClassLoader loader) {
        for (ServiceLoader.Provider<BackendProvider> each :
                Services.listed(loader, fault -> faults.add("a provider cannot be loaded: " + words(fault)))) {
            add(each);
        }
    }

    private void add(ServiceLoader.Provider<BackendProvider> listed) {
        try {
            BackendProvider provider = listed.get();
            found.putIfAbsent(provider.id(), provider);
        } catch (RuntimeException | LinkageError | ServiceConfigurationError e) {
            faults.add("a " + listed.type().getName() + " cannot be made, or tell its id: " + words(e));
        }
    }

    /** With the cause, as ServiceLoader itself only says that there is one. */
    private static String words(Throwable fault) {
        return fault + (fault.getCause() == null ? "" : ": " + fault.getCause());
    }

    /** Tells what was left out. */
    void tellFaults(PrintWriter out) {
        faults.forEach(out::println);
    }

    /** {@return the one of an id, or the only one} */
    BackendProvider provider(String id) {
        if (found.isEmpty()) {
            throw new IllegalArgumentException("no backend was found: --class-path names its jars");
        }
        if (id.isEmpty() && found.size() == 1) {
            return found.values().iterator().next();
        }
        BackendProvider provider = found.get(id);
        if (provider == null) {
            throw new IllegalArgumentException(
                    (id.isEmpty() ? "--backend: name one of " : "there is no backend '" + id + "' among ")
                            + found.keySet());
        }
        return provider;
    }
}
