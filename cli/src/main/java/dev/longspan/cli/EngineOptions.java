package dev.longspan.cli;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEngineBuilder;
import dev.longspan.FileSnapshotStore;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.LongspanException;
import dev.longspan.spi.ModelLoadException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say which engine is wanted. */
final class EngineOptions {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "The model, a folder in the Hugging Face layout. Without it the built-in nano model is used.")
    private @Nullable Path model;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description = "The backend to compute with, and no other. Without it the best one that works here is used.")
    private @Nullable String backend;

    @Option(names = "--device", paramLabel = "ID", description = "The backend's device, such as cpu, cuda or cuda:1.")
    private @Nullable String device;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "How many threads compute. Without it as many as the machine has processors.")
    private @Nullable Integer threads;

    @Option(
            names = "--max-context",
            paramLabel = "N",
            description = "How many tokens prompt and answer may have together. Without it "
                    + ChatEngineBuilder.DEFAULT_MAX_CONTEXT_TOKENS + ".")
    private @Nullable Integer maxContext;

    @Option(
            names = "--snapshots",
            paramLabel = "DIR",
            description = "Where saved conversations are kept. Without it $XDG_DATA_HOME/longspan/snapshots, or"
                    + " ~/.local/share/longspan/snapshots.")
    private @Nullable Path snapshots;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    private @Nullable CapacityOptions capacity;

    /**
     * Makes the engine one that serves: it takes on what the capacity says, and has a place for snapshots.
     *
     * @throws StartException if an option is at fault, before the model is read
     */
    void serve(CapacityOptions given) {
        capacity = given;
        try {
            builder();
        } catch (LongspanException e) {
            throw refusal(e);
        }
    }

    /**
     * {@return the engine, to be closed by the caller}
     *
     * @throws StartException if the options, the model or the backend are at fault
     */
    ChatEngine open(Surroundings surroundings, LoadProgress progress) {
        return open(folder(surroundings), progress);
    }

    /**
     * {@return the model's folder}
     *
     * @throws StartException if it is not there
     */
    Path folder(Surroundings surroundings) {
        return model == null ? NanoModel.unpack(surroundings) : existing(model);
    }

    /**
     * {@return the engine, to be closed by the caller}
     *
     * @throws StartException if the options, the model or the backend are at fault
     */
    ChatEngine open(Path folder, LoadProgress progress) {
        try {
            return builder().model(folder).loadProgress(progress).build();
        } catch (BackendMemoryException e) {
            throw e;
        } catch (ModelLoadException e) {
            throw new StartException("model " + folder + ": " + e.getMessage(), e);
        } catch (LongspanException e) {
            throw refusal(e);
        }
    }

    private ChatEngineBuilder builder() {
        ChatEngineBuilder builder = ChatEngine.builder();
        if (backend != null) {
            builder.backend(backend);
        }
        if (device != null) {
            builder.device(device);
        }
        if (threads != null) {
            builder.threads(threads);
        }
        if (maxContext != null) {
            builder.maxContextTokens(maxContext);
        }
        if (capacity != null) {
            capacity.applyTo(builder);
        }
        if (snapshots != null) {
            // a conversation goes on without, but a server would only tell its clients
            builder.snapshots(capacity == null ? FileSnapshotStore.open(snapshots) : FileSnapshotStore.make(snapshots));
        }
        return builder;
    }

    private StartException refusal(LongspanException fault) {
        return OptionNames.refusal(Objects.requireNonNull(command, "set by picocli"), fault);
    }

    /** {@return what the model in a folder is called: by the name of the folder, unless it is the built-in one} */
    String modelName(Path folder) {
        return model == null
                ? "nano"
                : String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    static Path existing(Path folder) {
        if (!Files.exists(folder)) {
            throw new StartException("there is no folder " + folder.toAbsolutePath());
        }
        if (!Files.isDirectory(folder)) {
            throw new StartException("expected a folder, found a file: " + folder.toAbsolutePath());
        }
        return folder;
    }
}
