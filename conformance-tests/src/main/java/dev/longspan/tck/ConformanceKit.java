package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.Capabilities;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Proves a backend against the rules of {@link dev.longspan.spi}.
 *
 * <pre>{@code
 * ConformanceReport report = ConformanceKit.of(new MyBackendProvider()).run();
 * }</pre>
 *
 * <p>Its judge is its own float64 oracle of the whole network, and golden vectors; no backend is taken for right. Immutable. The
 * rules are run one after the other, since some of them count threads and memory of the process.
 */
public final class ConformanceKit {
    /** How many cases are drawn for a rule, unless said otherwise. */
    public static final int DEFAULT_TRIES = 6;

    /** How many tokens the longest context has, unless said otherwise. */
    public static final int DEFAULT_LONG_TOKENS = 32_768;

    /** The shortest that the longest context may be. */
    static final int LEAST_LONG_TOKENS = 1000;

    /** With how many threads a backend is opened, unless said otherwise. */
    static final int DEFAULT_THREADS = 2;

    private final BackendProvider provider;
    private final Settings settings;

    /** How long a rule may take, unless said otherwise. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(20);

    /**
     * How the rules are run.
     *
     * @param options how the backend is opened
     * @param seed decides everything that is drawn
     * @param tries how many cases are drawn for a rule
     * @param longTokens how many tokens the longest context has
     * @param timeout how long a rule may take
     * @param memorySetting the name of the backend's setting that limits its memory in bytes, if it has one
     * @param other another backend, with which checkpoints are exchanged
     * @param deviations rules that are known not to hold, each with the reason
     */
    record Settings(
            BackendOptions options,
            long seed,
            int tries,
            int longTokens,
            Duration timeout,
            Optional<String> memorySetting,
            Optional<BackendProvider> other,
            Map<String, String> deviations) {}

    /** Settings while they are changed. */
    private static final class Draft {
        private BackendOptions options;
        private long seed;
        private int tries;
        private int longTokens;
        private Duration timeout;
        private Optional<String> memorySetting;
        private Optional<BackendProvider> other;
        private Map<String, String> deviations;

        Draft(Settings s) {
            options = s.options;
            seed = s.seed;
            tries = s.tries;
            longTokens = s.longTokens;
            timeout = s.timeout;
            memorySetting = s.memorySetting;
            other = s.other;
            deviations = new TreeMap<>(s.deviations);
        }

        Settings settings() {
            return new Settings(
                    options, seed, tries, longTokens, timeout, memorySetting, other, Map.copyOf(deviations));
        }
    }

    private ConformanceKit(BackendProvider provider, Settings settings) {
        this.provider = provider;
        this.settings = settings;
    }

    /**
     * {@return a kit for a backend, opened with two threads on its best device}
     *
     * @param provider the backend's provider
     */
    public static ConformanceKit of(BackendProvider provider) {
        return new ConformanceKit(
                provider,
                new Settings(
                        BackendOptions.defaults().withThreads(DEFAULT_THREADS),
                        1,
                        DEFAULT_TRIES,
                        DEFAULT_LONG_TOKENS,
                        DEFAULT_TIMEOUT,
                        Optional.empty(),
                        Optional.empty(),
                        Map.of()));
    }

    private ConformanceKit with(Consumer<Draft> change) {
        Draft draft = new Draft(settings);
        change.accept(draft);
        return new ConformanceKit(provider, draft.settings());
    }

    /** {@return the same with other options for opening the backend} */
    public ConformanceKit withOptions(BackendOptions options) {
        return with(draft -> draft.options = options);
    }

    /** {@return the same with another seed, which decides everything that is drawn} */
    public ConformanceKit withSeed(long seed) {
        return with(draft -> draft.seed = seed);
    }

    /**
     * {@return the same with another number of cases for each rule}
     *
     * @param tries at least 1
     */
    public ConformanceKit withTries(int tries) {
        if (tries < 1) {
            throw new IllegalArgumentException("tries: expected at least 1, found " + tries);
        }
        return with(draft -> draft.tries = tries);
    }

    /**
     * {@return the same with another length of the longest context}
     *
     * @param tokens at least 1000
     */
    public ConformanceKit withLongTokens(int tokens) {
        if (tokens < LEAST_LONG_TOKENS) {
            throw new IllegalArgumentException("tokens: expected at least " + LEAST_LONG_TOKENS + ", found " + tokens);
        }
        return with(draft -> draft.longTokens = tokens);
    }

    /**
     * {@return the same with another limit of the time that one rule may take} What does not end in time fails, and its threads
     * are left behind.
     *
     * @param timeout more than zero
     */
    public ConformanceKit withTimeout(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout: expected more than zero, found " + timeout);
        }
        return with(draft -> draft.timeout = timeout);
    }

    /**
     * {@return the same for a backend whose memory can be limited, which is how running out of it is checked}
     *
     * @param setting the name of its {@linkplain BackendOptions#settings setting} for the most bytes it may use
     */
    public ConformanceKit withMemorySetting(String setting) {
        return with(draft -> draft.memorySetting = Optional.of(setting));
    }

    /**
     * {@return the same with another backend, which must read what this one writes and the other way round}
     *
     * @param other the provider of a backend that keeps the rules
     */
    public ConformanceKit withOther(BackendProvider other) {
        return with(draft -> draft.other = Optional.of(other));
    }

    /**
     * {@return the same with a rule that is known not to hold; it is a failure once it does}
     *
     * @param rule the id of the rule
     * @param reason why it does not hold, for the report
     * @throws IllegalArgumentException if there is no such rule, or no reason
     */
    public ConformanceKit withKnownDeviation(String rule, String reason) {
        rule(rule);
        if (reason.isBlank()) {
            throw new IllegalArgumentException("reason: expected why " + rule + " does not hold, found nothing");
        }
        return with(draft -> draft.deviations.put(rule, reason));
    }

    /** {@return all rules, in the order in which they are run} */
    public static List<ConformanceRule> rules() {
        List<ConformanceRule> all = new ArrayList<>();
        all.addAll(ProviderRules.all());
        all.addAll(LoadingRules.all());
        all.addAll(MemoryRules.all());
        all.addAll(ShortMemoryRules.all());
        all.addAll(BatchRules.all());
        all.addAll(LimitRules.all());
        all.addAll(TogetherRules.all());
        all.addAll(ChoiceRules.all());
        all.addAll(LogitsRules.all());
        all.addAll(StateRules.all());
        all.addAll(BorderRules.all());
        all.addAll(HolderRules.all());
        all.addAll(TransferRules.all());
        all.addAll(TransferEdgeRules.all());
        all.addAll(BesideRules.all());
        all.addAll(SharingRules.all());
        all.addAll(LifecycleRules.all());
        all.addAll(NeighbourRules.all());
        all.addAll(AttentionRules.all());
        all.addAll(NumericRules.all());
        all.addAll(SizeRules.all());
        all.addAll(WideRules.all());
        return List.copyOf(all);
    }

    /**
     * {@return the rule of an id}
     *
     * @param id its id
     * @throws IllegalArgumentException if there is none
     */
    public static ConformanceRule rule(String id) {
        return rules().stream()
                .filter(each -> each.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("rule: there is no '" + id + "'"));
    }

    /** {@return what came of all rules} */
    public ConformanceReport run() {
        return run(rules());
    }

    /**
     * {@return what came of some rules}
     *
     * @param rules those to check
     */
    public ConformanceReport run(List<ConformanceRule> rules) {
        List<RuleOutcome> outcomes = new ArrayList<>();
        for (ConformanceRule rule : rules) {
            outcomes.add(run(rule));
        }
        return new ConformanceReport(
                told("id", provider::id),
                told("description", this::description),
                settings.seed,
                settings.tries,
                settings.longTokens,
                settings.options,
                outcomes);
    }

    private String description() {
        try (Backend backend = provider.open(settings.options)) {
            return backend.description();
        }
    }

    /** What it says of itself; nothing if it cannot, of which the rules tell why. */
    private String told(String what, Callable<String> work) {
        try {
            return String.valueOf(InTime.call("conformance " + what, settings.timeout, work)); // it may be null
        } catch (ExecutionException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    /**
     * {@return what came of a rule}
     *
     * @param rule the rule to check
     */
    public RuleOutcome run(ConformanceRule rule) {
        long began = System.nanoTime();
        RuleOutcome.Status status = RuleOutcome.Status.PASSED;
        List<String> notes = new CopyOnWriteArrayList<>();
        Reproduction reproduction = new Reproduction(settings, rule);
        Throwable fault = inTime(rule, reproduction, notes);
        String message = fault == null ? String.join("; ", notes) : "";
        if (fault instanceof NotApplicable) {
            status = RuleOutcome.Status.SKIPPED;
            message = String.valueOf(fault.getMessage());
            fault = null;
        } else if (fault != null) {
            status = RuleOutcome.Status.FAILED;
            message = RuleOutcome.words(fault) + reproduction.words();
        }
        Duration time = Duration.ofNanos(System.nanoTime() - began);
        String deviation = settings.deviations.get(rule.id());
        if (deviation != null && status == RuleOutcome.Status.FAILED) {
            return new RuleOutcome(rule, RuleOutcome.Status.KNOWN_DEVIATION, deviation, Optional.empty(), time);
        } else if (deviation != null) {
            String gone = "the rule is kept, or does not apply: take it off the known deviations (" + deviation + ")";
            return new RuleOutcome(rule, RuleOutcome.Status.DEVIATION_IS_GONE, gone, Optional.empty(), time);
        }
        return new RuleOutcome(rule, status, message, Optional.ofNullable(fault), time);
    }

    /** Checks a rule on a thread of its own; answers what it throws. */
    private @Nullable Throwable inTime(ConformanceRule rule, Reproduction reproduction, List<String> notes) {
        try {
            InTime.call("conformance " + rule.id(), settings.timeout, () -> {
                check(rule, reproduction, notes);
                return true;
            });
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return e;
        }
    }

    private void check(ConformanceRule rule, Reproduction reproduction, List<String> notes) throws Exception {
        try (Subject subject = new Subject(provider, settings, reproduction, notes)) {
            String exemption = rule.feature().isPresent() ? rule.exemption(capabilities()) : null;
            if (exemption != null) {
                throw new NotApplicable(exemption);
            }
            rule.body().check(subject);
        }
    }

    private Capabilities capabilities() {
        try (Backend backend = provider.open(settings.options)) {
            return backend.capabilities();
        }
    }
}
