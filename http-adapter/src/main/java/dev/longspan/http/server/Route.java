package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One method of one path.
 *
 * @param method the method
 * @param path segments, of which {@code *} stands for any one, and {@code **} at the end for one or more
 * @param query the names that its query may have
 * @param kind how it is run
 * @param endpoint answers
 */
public record Route(String method, List<String> path, Set<String> query, Kind kind, Endpoint endpoint) {
    /** How a route is run. */
    public enum Kind {
        /** Anybody may ask, and it computes nothing. */
        OPEN,
        /** Needs a key unless status is open, computes nothing, and looks at nothing that could be held. */
        STATUS,
        /** Needs a key unless status is open, and looks at the engine. */
        COUNTS,
        /** Needs a key, and computes nothing. */
        QUICK,
        /** Needs a key and a thread of its own, but no place: it may take a while, and does not wait for what computes. */
        UNPLACED,
        /** Needs a key and a place among the requests that compute. */
        WORK;

        boolean isStatus() {
            return this == STATUS || this == COUNTS;
        }

        boolean computes() {
            return this == UNPLACED || this == WORK;
        }
    }

    /** Answers requests. */
    public interface Endpoint {
        /**
         * Answers one request.
         *
         * @param exchange the request
         * @param place its place, which counts as long as this method runs; for {@link Kind#WORK} only
         * @throws ApiError for an error that the client is told, as other exceptions are
         */
        void answer(Exchange exchange, Work.@Nullable Place place) throws Exception;
    }

    /** Answers requests that compute nothing. */
    public interface Quick {
        /** Answers one request. */
        void answer(Exchange exchange) throws Exception;
    }

    /**
     * {@return a route}
     *
     * @param methodAndPath such as {@code GET /v1/sessions?detail}, with the names that the query may have
     */
    public static Route of(Kind kind, String methodAndPath, Quick endpoint) {
        return work(kind, methodAndPath, (exchange, place) -> endpoint.answer(exchange));
    }

    /** {@return a route that computes} */
    public static Route working(String methodAndPath, Endpoint endpoint) {
        return work(Kind.WORK, methodAndPath, endpoint);
    }

    private static Route work(Kind kind, String methodAndPath, Endpoint endpoint) {
        String[] parts = methodAndPath.split("[ ?&]", -1);
        Set<String> query = Set.of(Arrays.copyOfRange(parts, 2, parts.length));
        return new Route(parts[0], segments(parts[1]), query, kind, endpoint);
    }

    /** {@return whether a body means something to it} */
    boolean takesBody() {
        return !method.equals("GET") && !method.equals("DELETE");
    }

    /** {@return whether it is of the interface, where what nobody knows is refused} */
    boolean isStrict() {
        return path.get(1).equals("v1");
    }

    static List<String> segments(String path) {
        return List.of(path.split("/", -1));
    }

    /** A slash is the only thing that is still encoded, since it would be taken for the end of a segment. */
    private static String decoded(String segment) {
        return segment.replace("%2F", "/").replace("%2f", "/").replace("%25", "%");
    }

    /** {@return what a path has where this one is open; null if it is another path} */
    @Nullable
    List<String> match(List<String> segments) {
        int last = path.size() - 1;
        boolean open = path.get(last).equals("**") && segments.size() > path.size();
        if (segments.size() != path.size() && !open) {
            return null;
        }
        List<String> parameters = new ArrayList<>();
        for (int i = 0; i < path.size(); i++) {
            if (path.get(i).equals("**")) {
                parameters.add(decoded(String.join("/", segments.subList(i, segments.size()))));
            } else if (path.get(i).equals("*")) {
                parameters.add(decoded(segments.get(i)));
            } else if (!path.get(i).equals(segments.get(i))) {
                return null;
            }
        }
        return parameters;
    }
}
