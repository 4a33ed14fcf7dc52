package dev.longspan.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Device;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class BackendChoiceTest {
    private static final BackendOptions OPTIONS = BackendOptions.defaults();

    /** A provider that only answers its probe. */
    private record Probed(String id, int spiVersion, Supplier<Availability> answer) implements BackendProvider {
        @Override
        public Availability probe(BackendOptions options) {
            return answer.get();
        }

        @Override
        public Backend open(BackendOptions options) {
            throw new IllegalStateException("not opened in these tests");
        }
    }

    @Test
    void theHighestRankOfTheAvailableWins() {
        BackendChoice choice = choose(available("slow", 10), available("fast", 200), unavailable("faster"));
        assertThat(choice.best().provider().id()).isEqualTo("fast");
        assertThat(choice.best().notices())
                .contains("backend fast: highest rank of fast, slow")
                .anyMatch(notice -> notice.contains("faster") && notice.contains("install the driver"));
    }

    @Test
    void anIdThatIsAskedForNeverFallsBack() {
        BackendChoice choice = choose(available("slow", 10), unavailable("faster"));
        assertThat(choice.named("slow").provider().id()).isEqualTo("slow");
        assertThatThrownBy(() -> choice.named("faster"))
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageContaining("no driver")
                .hasMessageContaining("install the driver");
        assertThatThrownBy(() -> choice.named("other"))
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageContaining("other")
                .hasMessageContaining("slow: available");
    }

    @Test
    void whenNoneIsAvailableEveryOneIsListedWithCauseAndRemedy() {
        assertThatThrownBy(() -> choose(unavailable("one"), unavailable("two")).best())
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageContaining("one: unavailable: no driver")
                .hasMessageContaining("two: unavailable: no driver");
        assertThatThrownBy(() -> choose().best())
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageContaining("class path");
    }

    @Test
    void aBrokenProviderNeverBreaksTheOthers() {
        BackendChoice choice = choose(
                () -> {
                    throw new ServiceConfigurationError("no such class");
                },
                () -> {
                    throw new NoClassDefFoundError("lost");
                },
                () -> new Probed("angry", 1, () -> {
                    throw new IllegalStateException("probe failed");
                }),
                () -> new Probed(null, 1, () -> {
                    throw new IllegalStateException("must not be probed");
                }),
                () -> new Probed("Bad Id", 1, () -> {
                    throw new IllegalStateException("must not be probed");
                }),
                () -> new Probed("mute", 1, () -> null),
                () -> new Probed("sure", 1, () -> {
                    throw new AssertionError("an assertion");
                }),
                available("good", 1));
        assertThat(choice.named("good").provider().id()).isEqualTo("good");
        assertThat(choice.best().provider().id()).isEqualTo("good");
        assertThat(choice.best().notices()).anyMatch(notice -> notice.contains("broken"));
    }

    @Test
    void anotherVersionOfTheSpiIsUnavailable() {
        BackendChoice choice = choose(() -> new Probed("old", 99, () -> {
            throw new IllegalStateException("must not be probed");
        }));
        assertThatThrownBy(() -> choice.named("old")).hasMessageContaining("version 99");
    }

    @Test
    void twoProvidersOfOneIdAreAnErrorThatNamesBoth() {
        assertThatThrownBy(
                        () -> choose(available("same", 1), available("same", 2)).best())
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessageContaining("two backends are called 'same'");
    }

    private static Supplier<BackendProvider> available(String id, int rank) {
        Device device = new Device("cpu", "processor", Device.Kind.CPU, 0);
        return () -> new Probed(
                id, BackendProvider.SPI_VERSION, () -> new Availability.Available(rank, List.of(device), List.of()));
    }

    private static Supplier<BackendProvider> unavailable(String id) {
        return () -> new Probed(
                id,
                BackendProvider.SPI_VERSION,
                () -> new Availability.Unavailable("no driver", "", "install the driver"));
    }

    @SafeVarargs
    private static BackendChoice choose(Supplier<BackendProvider>... suppliers) {
        List<ServiceLoader.Provider<BackendProvider>> providers = new ArrayList<>();
        for (Supplier<BackendProvider> supplier : suppliers) {
            providers.add(new ServiceLoader.Provider<>() {
                @Override
                public Class<? extends BackendProvider> type() {
                    return Probed.class;
                }

                @Override
                public BackendProvider get() {
                    return supplier.get();
                }
            });
        }
        Iterator<ServiceLoader.Provider<BackendProvider>> iterator = providers.iterator();
        return BackendChoice.probe(iterator, OPTIONS);
    }
}
