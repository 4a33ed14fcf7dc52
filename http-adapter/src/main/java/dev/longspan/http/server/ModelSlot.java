package dev.longspan.http.server;

import dev.longspan.ChatEngine;
import dev.longspan.http.wire.ApiError;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one engine: on its way, there, or never to come. */
public final class ModelSlot {
    /** The code of the error while the model is on its way. */
    public static final String LOADING = "MODEL_LOADING";

    private static final Logger LOG = LoggerFactory.getLogger(ModelSlot.class);

    private final String modelId;
    private volatile @Nullable ChatEngine engine;
    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    /**
     * Makes a slot.
     *
     * @param modelId what clients call the model
     */
    public ModelSlot(String modelId) {
        this.modelId = modelId;
    }

    /** Makes the engine; to be called once, on a thread of its own. */
    public void load(Callable<ChatEngine> loader) {
        try {
            engine = loader.call();
        } catch (Exception | LinkageError | OutOfMemoryError e) {
            if (closed) {
                LOG.info("the model '{}' is not loaded any more: {}", modelId, e.toString());
            } else {
                LOG.error("the model '{}' cannot be loaded: {}", modelId, e.toString());
                LOG.debug("it failed here", e);
            }
            failure = e;
        }
    }

    /** Says that nobody wants the engine any more. */
    public void close() {
        closed = true;
    }

    /** {@return whether nobody wants the engine any more} */
    public boolean isClosed() {
        return closed;
    }

    /** {@return what clients call the model} */
    public String modelId() {
        return modelId;
    }

    /** {@return the engine, if it is there} */
    public Optional<ChatEngine> loaded() {
        return Optional.ofNullable(engine);
    }

    /** {@return why there will be no engine; empty if that is not known} */
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /**
     * {@return the engine}
     *
     * @throws ApiError if it is not there
     */
    public ChatEngine engine() {
        ChatEngine there = engine;
        if (there != null) {
            return there;
        }
        if (failure != null) {
            throw new ApiError(
                            502,
                            ApiError.Type.SERVER,
                            "MODEL_LOAD_FAILED",
                            "model",
                            "the model '" + modelId + "' could not be loaded; the server's log tells why")
                    .notToBeRepeated();
        }
        throw new ApiError(
                        503, ApiError.Type.OVERLOADED, LOADING, "model", "the model '" + modelId + "' is being loaded")
                .retryAfter(Duration.ofSeconds(2));
    }

    /**
     * Refuses another model than the one there is. An id with a slash may be written with two underscores.
     *
     * @throws ApiError if it is another
     */
    public void require(String id) {
        boolean same = id.equals(modelId)
                || id.replace("__", "/").equals(modelId)
                || id.equals(modelId.replace("/", "__")); // it may have both
        if (!same) {
            throw new ApiError(
                    404,
                    ApiError.Type.NOT_FOUND,
                    "model_not_found",
                    "model",
                    "there is no model '" + ApiError.shortened(id, 200) + "' here; there is '" + modelId + "'");
        }
    }
}
