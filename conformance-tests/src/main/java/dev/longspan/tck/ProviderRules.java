package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Availability;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The rules of {@link BackendProvider}. */
final class ProviderRules {
    private static final Pattern ID = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    private ProviderRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "P1.answers",
                        "probe answers any options and never throws; what it cannot offer is unavailable with a remedy",
                        "an exception inside probe, such as a library that is missing: catch it and answer Unavailable",
                        ProviderRules::probeAnswers),
                required(
                        "P2.name",
                        "id is a stable lower-case name, and spiVersion is the number of this contract",
                        "the id's letters; spiVersion must be written out as a number",
                        ProviderRules::hasAName),
                required(
                        "P2.service",
                        "ServiceLoader finds the provider",
                        "META-INF/services or 'provides' in module-info, and the public constructor without parameters",
                        ProviderRules::isAService),
                required(
                        "P3.open",
                        "open of what probe calls unavailable throws BackendUnavailableException with cause and remedy",
                        "make the exception of the probe's answer: new BackendUnavailableException(id, unavailable)",
                        ProviderRules::openSaysWhatProbeSays));
    }

    private static List<BackendOptions> strange(BackendOptions options) {
        List<BackendOptions> strange = new ArrayList<>();
        strange.add(options.withDevice("no-such-device"));
        strange.add(options.withDevice("cuda:99"));
        strange.add(new BackendOptions(options.threads(), options.device(), Map.of("no-such-setting", "1")));
        strange.add(options.withThreads(BackendOptions.MAX_THREADS));
        return strange;
    }

    private static Availability probe(BackendProvider provider, BackendOptions options) {
        try {
            return provider.probe(options);
        } catch (RuntimeException | LinkageError e) {
            throw new AssertionError("probe threw " + e + " for " + options, e);
        }
    }

    private static void probeAnswers(Subject subject) {
        BackendProvider provider = subject.provider();
        Set<Thread> atFirst = LifecycleRules.threads();
        Availability answer = probe(provider, subject.options());
        require(answer instanceof Availability.Available, "it is not available here: " + answer);
        Set<Thread> before = LifecycleRules.threads();
        for (Thread each : before) {
            // a library may need a thread once in the life of a process
            require(
                    atFirst.contains(each) || each.isDaemon() || !each.isAlive(),
                    "probe leaves thread '" + each.getName() + "', which is no daemon");
        }
        Availability again = probe(provider, subject.options());
        require(answer.equals(again), "two answers differ: " + answer + " and " + again);
        for (BackendOptions options : strange(subject.options())) {
            if (probe(provider, options) instanceof Availability.Unavailable unavailable) {
                require(!unavailable.cause().isBlank(), "no cause is given for " + options);
                require(!unavailable.remedy().isBlank(), "no remedy is given for " + options);
            } else {
                require(
                        options.threads() == BackendOptions.MAX_THREADS,
                        "it says it is available with " + options + ", which it cannot know");
            }
        }
        Set<Thread> left = LifecycleRules.threads();
        left.removeAll(before);
        for (Thread each : left) {
            require(!each.isAlive(), "probe leaves thread '" + each.getName() + "'");
        }
    }

    private static void hasAName(Subject subject) {
        String id = subject.provider().id();
        require(ID.matcher(id).matches(), "id '" + id + "' does not match " + ID);
        require(id.equals(subject.provider().id()), "the id changes from call to call");
        try (var backend = subject.open()) {
            require(id.equals(backend.id()), "the provider's id is '" + id + "', its backend's '" + backend.id() + "'");
        }
        int version = subject.provider().spiVersion();
        require(
                version == BackendProvider.SPI_VERSION,
                "spiVersion is " + version + ", this contract's " + BackendProvider.SPI_VERSION);
    }

    private static void isAService(Subject subject) {
        String type = subject.provider().getClass().getName();
        require(isListed(subject.provider()), "ServiceLoader does not find " + type);
    }

    /** Whether ServiceLoader finds the class of a provider. */
    static boolean isListed(BackendProvider provider) {
        Class<?> type = provider.getClass();
        return Services.listed(type.getClassLoader(), fault -> {}).stream()
                .anyMatch(each -> each.type().equals(type));
    }

    private static void openSaysWhatProbeSays(Subject subject) {
        for (BackendOptions options : strange(subject.options())) {
            if (probe(subject.provider(), options) instanceof Availability.Unavailable unavailable) {
                RuntimeException refusal = Driver.refused(
                        "open with " + options,
                        () -> subject.provider().open(options).close(),
                        BackendUnavailableException.class);
                String message = String.valueOf(refusal.getMessage());
                require(message.contains(unavailable.cause()), "the message lacks the cause: " + message);
                require(message.contains(unavailable.remedy()), "the message lacks the remedy: " + message);
            }
        }
    }
}
