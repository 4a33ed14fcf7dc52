package dev.longspan.tck;

import dev.longspan.spi.BackendProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;

/** The providers that ServiceLoader finds, of which one that cannot be loaded does not hide the others. */
final class Services {
    /** So many faults end the search, as nothing says that it ever ends by itself. */
    private static final int MOST_FAULTS = 100;

    private Services() {}

    /**
     * Those that are listed where a class loader looks.
     *
     * @param fault is told of each that cannot be loaded
     */
    static List<ServiceLoader.Provider<BackendProvider>> listed(ClassLoader loader, Consumer<Throwable> fault) {
        List<ServiceLoader.Provider<BackendProvider>> found = new ArrayList<>();
        Iterator<ServiceLoader.Provider<BackendProvider>> each =
                ServiceLoader.load(BackendProvider.class, loader).stream().iterator();
        int faults = 0;
        while (faults < MOST_FAULTS) {
            try {
                if (!each.hasNext()) {
                    break;
                }
                found.add(each.next());
            } catch (ServiceConfigurationError | LinkageError e) {
                fault.accept(e);
                faults++;
            }
        }
        return found;
    }
}
