package dev.longspan.backend;

import dev.longspan.spi.Availability;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Chooses a backend: an id that is asked for is binding, else the highest rank among the available wins. A provider that is
 * broken in any way never breaks the others; it is listed with its fault.
 */
public final class BackendChoice {
    private static final int MOST_BROKEN = 100;
    private static final Pattern ID = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    private final List<Candidate> candidates;

    private BackendChoice(List<Candidate> candidates) {
        this.candidates = candidates;
    }

    /** A provider and what its probe answered; a broken one has no provider. */
    private record Candidate(String id, String source, List<BackendProvider> provider, Availability availability) {}

    /**
     * The provider that was chosen.
     *
     * @param provider the provider
     * @param notices why it was chosen and what would be faster, for people
     */
    public record Chosen(BackendProvider provider, List<String> notices) {}

    /** Probes every provider that {@link ServiceLoader} finds. */
    public static BackendChoice probeAll(BackendOptions options) {
        return probe(ServiceLoader.load(BackendProvider.class).stream().iterator(), options);
    }

    /** Probes the given providers. */
    static BackendChoice probe(
            Iterator<? extends ServiceLoader.Provider<BackendProvider>> providers, BackendOptions options) {
        List<Candidate> candidates = new ArrayList<>();
        int broken = 0;
        while (broken < MOST_BROKEN) {
            try {
                if (!providers.hasNext()) {
                    break;
                }
                candidates.add(probe(providers.next(), options));
            } catch (ServiceConfigurationError e) {
                candidates.add(broken("(service file)", "service file", e));
                broken++;
            }
        }
        return new BackendChoice(candidates);
    }

    private static Candidate probe(ServiceLoader.Provider<BackendProvider> found, BackendOptions options) {
        String source = "unknown";
        try {
            source = source(found.type());
            BackendProvider provider = found.get();
            return probe(provider, source, options);
        } catch (ServiceConfigurationError | LinkageError | AssertionError | RuntimeException e) {
            return broken(name(found), source, e);
        }
    }

    private static Candidate probe(BackendProvider provider, String source, BackendOptions options) {
        String id = Objects.requireNonNull(provider.id(), "id() answered null");
        if (!ID.matcher(id).matches()) {
            throw new IllegalStateException("id() answered '" + id + "', which does not match " + ID);
        }
        if (provider.spiVersion() != BackendProvider.SPI_VERSION) {
            return new Candidate(
                    id,
                    source,
                    List.of(),
                    new Availability.Unavailable(
                            "it is made for version " + provider.spiVersion() + " of the SPI, this is version "
                                    + BackendProvider.SPI_VERSION,
                            "",
                            "use versions of both that were released together"));
        }
        Availability availability = Objects.requireNonNull(provider.probe(options), "probe() answered null");
        return new Candidate(id, source, List.of(provider), availability);
    }

    private static String name(ServiceLoader.Provider<BackendProvider> found) {
        try {
            return found.type().getName();
        } catch (LinkageError | RuntimeException e) {
            return "(unloadable class: " + e + ")";
        }
    }

    private static String source(Class<?> type) {
        var source = type.getProtectionDomain().getCodeSource();
        return source == null || source.getLocation() == null
                ? type.getName()
                : source.getLocation().toString();
    }

    private static Candidate broken(String id, String source, Throwable fault) {
        return new Candidate(
                id,
                source,
                List.of(),
                new Availability.Unavailable("its provider is broken", fault.toString(), "repair or remove " + source));
    }

    /**
     * {@return the backend of the highest rank}
     *
     * @throws BackendUnavailableException if none is available; the message lists all with cause and remedy
     */
    public Chosen best() {
        refuseDuplicates();
        List<Candidate> available = candidates.stream()
                .filter(c -> c.availability() instanceof Availability.Available)
                .sorted(Comparator.comparingInt(BackendChoice::rank).reversed().thenComparing(Candidate::id))
                .toList();
        if (available.isEmpty()) {
            throw new BackendUnavailableException(
                    candidates.isEmpty()
                            ? "no backend was found: put one on the class path, such as longspan-backend-reference"
                            : "no backend can work here:" + list());
        }
        Candidate first = available.get(0);
        List<String> notices = new ArrayList<>();
        String why = available.size() > 1 ? "highest rank of " + ids(available) : "the only one available";
        notices.add("backend " + first.id() + ": " + why);
        notices.addAll(((Availability.Available) first.availability()).notices());
        for (Candidate other : candidates) {
            if (other.availability() instanceof Availability.Unavailable reason) {
                notices.add("backend " + other.id() + " is unavailable: " + reason.cause() + "; " + reason.remedy());
            }
        }
        return new Chosen(first.provider().get(0), notices);
    }

    /**
     * {@return the backend with an id, never another}
     *
     * @throws BackendUnavailableException if there is none, or it cannot work here
     */
    public Chosen named(String id) {
        refuseDuplicates();
        for (Candidate candidate : candidates) {
            if (candidate.id().equals(id)) {
                if (candidate.availability() instanceof Availability.Unavailable reason) {
                    throw new BackendUnavailableException(id, reason);
                }
                List<String> notices = new ArrayList<>();
                notices.add("backend " + id + ": asked for");
                notices.addAll(((Availability.Available) candidate.availability()).notices());
                return new Chosen(candidate.provider().get(0), notices);
            }
        }
        throw new BackendUnavailableException("backend '" + id + "' was not found; there "
                + (candidates.isEmpty() ? "is none: put one on the class path" : "are:" + list()));
    }

    private void refuseDuplicates() {
        for (int i = 0; i < candidates.size(); i++) {
            for (int j = i + 1; j < candidates.size(); j++) {
                Candidate a = candidates.get(i);
                Candidate b = candidates.get(j);
                if (a.id().equals(b.id())
                        && !a.provider().isEmpty()
                        && !b.provider().isEmpty()) {
                    throw new BackendUnavailableException("two backends are called '" + a.id() + "': " + a.source()
                            + " and " + b.source() + "; remove one");
                }
            }
        }
    }

    private static int rank(Candidate candidate) {
        return candidate.availability() instanceof Availability.Available available ? available.rank() : -1;
    }

    private static String ids(List<Candidate> list) {
        return list.stream().map(Candidate::id).collect(Collectors.joining(", "));
    }

    private String list() {
        StringBuilder lines = new StringBuilder();
        for (Candidate candidate : candidates) {
            lines.append("\n  ").append(candidate.id()).append(": ");
            if (candidate.availability() instanceof Availability.Unavailable reason) {
                lines.append("unavailable: ").append(reason.cause());
                if (!reason.detail().isEmpty()) {
                    lines.append(" (").append(reason.detail()).append(')');
                }
                lines.append("; remedy: ").append(reason.remedy());
            } else {
                lines.append("available");
            }
        }
        return lines.toString();
    }
}
