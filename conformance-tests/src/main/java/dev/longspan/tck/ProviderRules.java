package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The rules of {@link BackendProvider}. */
final class ProviderRules {
    /** Of three probes the fastest takes less: the first may load classes, and a machine may be busy. */
    private static final long CHEAP_MILLIS = 1000;

    private static final Pattern ID = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    private ProviderRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "P1.answers",
                        "probe is cheap, answers any options and never throws; what it cannot offer has a remedy",
                        "a library that is missing: catch what it throws, and answer Unavailable; what is slow is for open",
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
                        "P3.device",
                        "an open backend is on a device that probe lists: on the one that was asked for, if one was",
                        "Backend.device answers one of the devices of the probe's answer; each of them can be asked for",
                        ProviderRules::theDeviceIsListed),
                required(
                        "P3.open",
                        "open of what probe calls unavailable throws BackendUnavailableException with cause and remedy",
                        "make the exception of the probe's answer: new BackendUnavailableException(id, unavailable)",
                        ProviderRules::openSaysWhatProbeSays));
    }

    private static List<BackendOptions> strange(Subject subject) {
        BackendOptions options = subject.options();
        List<BackendOptions> strange = new ArrayList<>();
        subject.memorySetting()
                .ifPresent(name ->
                        strange.add(new BackendOptions(options.threads(), options.device(), Map.of(name, "many"))));
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
        probeIsCheap(subject);
        for (BackendOptions options : strange(subject)) {
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

    private static void probeIsCheap(Subject subject) {
        long fastest = Long.MAX_VALUE;
        for (int i = 0; i < 3 && fastest >= CHEAP_MILLIS; i++) {
            long begin = System.nanoTime();
            probe(subject.provider(), subject.options());
            fastest = Math.min(fastest, (System.nanoTime() - begin) / 1_000_000);
        }
        require(fastest < CHEAP_MILLIS, "the fastest of three probes takes " + fastest + " ms");
    }

    /** The device is one of those that the probe lists, and the one that was asked for. */
    private static void theDeviceIsListed(Subject subject) {
        BackendOptions any = subject.options().withDevice(BackendOptions.ANY_DEVICE);
        List<String> ids = devices(subject, any);
        String chosen = device(subject, any);
        require(ids.contains(chosen), "it computes on device '" + chosen + "', its probe lists " + ids);
        for (String id : ids) {
            BackendOptions options = any.withDevice(id);
            require(
                    devices(subject, options).contains(id),
                    "asked for device '" + id + "', its probe does not list it");
            String got = device(subject, options);
            require(got.equals(id), "asked for device '" + id + "', it computes on '" + got + "'");
        }
    }

    private static List<String> devices(Subject subject, BackendOptions options) {
        Availability answer = probe(subject.provider(), options);
        if (answer instanceof Availability.Available available) {
            return available.devices().stream().map(Device::id).toList();
        }
        throw new AssertionError("it is not available with device '" + options.device() + "': " + answer);
    }

    private static String device(Subject subject, BackendOptions options) {
        try (Backend backend = subject.provider().open(options)) {
            return backend.device().id();
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
        for (BackendOptions options : strange(subject)) {
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
