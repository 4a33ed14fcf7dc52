package dev.longspan.http.server;

import dev.longspan.TurnOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * How a server is run.
 *
 * @param host the address to listen at
 * @param port the port; 0 for any that is free
 * @param keys the keys that open it; none if it needs none
 * @param statusOpen whether health and metrics need no key
 * @param tls where the certificate is; empty for plain HTTP
 * @param origins the web pages of others that may use it, or {@code *}
 * @param allowedHosts other names that it answers to where no keys are needed, and whose pages are its own, in lower case
 * @param unknownFieldsIgnored whether unknown fields are named in a header instead of refused
 * @param strictOpenAi whether finish reasons are OpenAI's only
 * @param limits how much it takes
 * @param times how long things may take
 * @param cancelled what becomes of a session's turn whose client has gone
 * @param thinkingKept whether sessions keep thinking if a request does not say
 * @param thinkingStreamed whether thinking is handed out if a request does not say
 * @param savedOnStop whether sessions are saved as snapshots when it is stopped
 * @param contentLogged whether prompts and answers are written to the log
 * @param page whether there is a page at {@code /}
 */
public record Settings(
        String host,
        int port,
        Set<String> keys,
        boolean statusOpen,
        Optional<Tls> tls,
        List<String> origins,
        Set<String> allowedHosts,
        boolean unknownFieldsIgnored,
        boolean strictOpenAi,
        Limits limits,
        Times times,
        TurnOptions.Cancelled cancelled,
        boolean thinkingKept,
        boolean thinkingStreamed,
        boolean savedOnStop,
        boolean contentLogged,
        boolean page) {
    /**
     * A certificate with its private key.
     *
     * @param keyStore a PKCS #12 file
     * @param password its password
     */
    public record Tls(Path keyStore, String password) {
        @Override
        public String toString() {
            return "Tls[" + keyStore + "]";
        }
    }

    /**
     * How much is taken.
     *
     * @param bodyBytes the largest body
     * @param headerBytes the largest head of a request
     * @param messages the most messages of a request
     * @param tools the most tools of a request
     * @param answers how many requests that compute are worked on or wait at once
     * @param perKey the same for each key; 0 for no such limit
     * @param maxTokens the most tokens that an answer may ask for; 0 for no such limit
     * @param temperature the highest temperature
     * @param forms how large schemas and the like may be
     */
    public record Limits(
            int bodyBytes,
            int headerBytes,
            int messages,
            int tools,
            int answers,
            int perKey,
            int maxTokens,
            double temperature,
            Forms forms) {}

    /**
     * How large the descriptions of forms may be.
     *
     * @param jsonDepth how deep a body may be nested
     * @param schemaBytes a JSON schema, in bytes of UTF-8
     * @param schemaDepth its levels
     * @param schemaNodes its values
     * @param regex a regular expression, in characters
     * @param grammar a grammar, in characters
     */
    public record Forms(int jsonDepth, int schemaBytes, int schemaDepth, int schemaNodes, int regex, int grammar) {}

    /**
     * How long things may take.
     *
     * @param request an answer, from when its request is there; zero for no limit
     * @param body the body of a request to arrive
     * @param write a client to read what is sent
     * @param idle a connection without a request
     * @param stop the answers that run when the server is stopped
     */
    public record Times(Duration request, Duration body, Duration write, Duration idle, Duration stop) {}

    long writePatienceNanos() {
        return TimeUnit.NANOSECONDS.convert(times.write());
    }
}
