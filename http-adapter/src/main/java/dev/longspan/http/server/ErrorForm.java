package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Json;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** What is answered to requests that are none: errors in the one form, too. */
final class ErrorForm implements Request.Handler {
    private static final int FIRST_OF_SERVER = 500;

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        ApiError error = new ApiError(
                status,
                status >= FIRST_OF_SERVER
                        ? ApiError.Type.SERVER
                        : status == 404 ? ApiError.Type.NOT_FOUND : ApiError.Type.INVALID_REQUEST,
                "http_" + status,
                null,
                words(status));
        byte[] body = Json.bytes(error.body());
        Ids.name(request, response);
        // what comes behind such a request cannot be told from it: the connection ends, and the client should know
        response.getHeaders().put(HttpHeader.CONNECTION, "close");
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
        response.write(true, ByteBuffer.wrap(body), callback);
        return true;
    }

    private static String words(int status) {
        return switch (status) {
            case 400 -> "the request is not well-formed HTTP";
            case 404 -> "there is nothing at this path";
            case 408 -> "the request did not arrive in time";
            case 413 -> "the request is too large";
            case 414, 431 -> "the head of the request is too large";
            case 505 -> "this version of HTTP is not spoken";
            default -> status >= FIRST_OF_SERVER ? "the server failed" : "the request cannot be answered";
        };
    }
}
