package dev.longspan.clients;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Chromium without a window, driven by its own driver in the language of the W3C's WebDriver. */
final class Browser implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
    private static final Pattern PORT = Pattern.compile("successfully on port (\\d+)");
    /** What is waited for at most. */
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private final Process driver;
    private final HttpClient client = HttpClient.newHttpClient();
    private final URI session;

    Browser(Path profile, int width, int height) throws IOException, InterruptedException {
        driver = new ProcessBuilder("chromedriver", "--port=0")
                .redirectErrorStream(true)
                .start();
        BufferedReader printed =
                new BufferedReader(new InputStreamReader(driver.getInputStream(), StandardCharsets.UTF_8));
        Matcher port = null;
        for (String line = printed.readLine(); line != null; line = printed.readLine()) {
            port = PORT.matcher(line);
            if (port.find()) {
                break;
            }
        }
        if (port == null) {
            throw new IOException("chromedriver told no port");
        }
        URI root = URI.create("http://127.0.0.1:" + port.group(1) + "/session");
        ObjectNode body = JSON.createObjectNode();
        ObjectNode wanted = body.putObject("capabilities").putObject("alwaysMatch");
        wanted.put("browserName", "chrome");
        wanted.putObject("goog:loggingPrefs").put("browser", "ALL");
        wanted.putObject("goog:chromeOptions")
                .putArray("args")
                .add("--headless=new")
                .add("--no-sandbox")
                .add("--disable-dev-shm-usage")
                .add("--user-data-dir=" + profile)
                .add("--window-size=" + width + "," + height);
        JsonNode made = send("POST", root, body);
        session = URI.create(root + "/" + made.get("sessionId").asText());
    }

    private JsonNode send(String method, URI uri, ObjectNode body) {
        HttpRequest request = HttpRequest.newBuilder(uri)
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        try {
            JsonNode answer = JSON.readTree(
                    client.send(request, HttpResponse.BodyHandlers.ofString()).body());
            JsonNode value = answer.get("value");
            if (value != null && value.isObject() && value.has("error")) {
                if (value.get("error").asText().equals("stale element reference")) {
                    throw new StaleElement();
                }
                throw new IllegalStateException(value.get("error") + ": " + value.get("message"));
            }
            return value;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private JsonNode post(String path, ObjectNode body) {
        return send("POST", URI.create(session + path), body);
    }

    void open(URI page) {
        post("/url", JSON.createObjectNode().put("url", page.toString()));
    }

    /** The tab that is shown. */
    String tab() {
        return send("GET", URI.create(session + "/window"), null).asText();
    }

    /** Opens a page in a further tab, which is then shown. */
    void openTab(URI page) {
        turnTo(post("/window/new", JSON.createObjectNode().put("type", "tab"))
                .get("handle")
                .asText());
        open(page);
    }

    void turnTo(String tab) {
        post("/window", JSON.createObjectNode().put("handle", tab));
    }

    /** What a script in the page returns. */
    JsonNode script(String script) {
        ObjectNode body = JSON.createObjectNode().put("script", script);
        body.putArray("args");
        return post("/execute/sync", body);
    }

    String text(String selector) {
        return script("const e = document.querySelector('" + selector + "'); return e ? e.textContent : ''")
                .asText();
    }

    private String element(String selector) {
        return post(
                        "/element",
                        JSON.createObjectNode().put("using", "css selector").put("value", selector))
                .get(ELEMENT)
                .asText();
    }

    /** An element that the page has replaced since it was found: nothing has happened to it. */
    private static final class StaleElement extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Clicks; if the page draws it anew at this moment, what is drawn then. */
    void click(String selector) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        boolean clicked = false;
        while (!clicked) {
            try {
                post("/element/" + element(selector) + "/click", JSON.createObjectNode());
                clicked = true;
            } catch (StaleElement e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
            }
        }
    }

    /** Presses keys one after the other, as a person would. */
    void type(String selector, String keys) {
        post("/element/" + element(selector) + "/value", JSON.createObjectNode().put("text", keys));
    }

    /** Presses keys wherever the focus is. */
    void press(String... keys) {
        ObjectNode body = JSON.createObjectNode();
        ObjectNode board =
                body.putArray("actions").addObject().put("type", "key").put("id", "board");
        var actions = board.putArray("actions");
        for (String key : keys) {
            actions.addObject().put("type", "keyDown").put("value", key);
            actions.addObject().put("type", "keyUp").put("value", key);
        }
        post("/actions", body);
    }

    /** Waits until a script in the page returns true. */
    void await(String condition) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!script("return Boolean(" + condition + ")").asBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not so in time: " + condition + "\n"
                        + script("return document.body.innerText").asText());
            }
            Thread.onSpinWait();
        }
    }

    /** What the page wrote to the console, broken policies included. */
    List<String> complaints() {
        List<String> all = new ArrayList<>();
        for (JsonNode entry : post("/se/log", JSON.createObjectNode().put("type", "browser"))) {
            all.add(entry.get("message").asText());
        }
        return all;
    }

    @Override
    public void close() {
        try {
            send("DELETE", session, null);
        } finally {
            driver.destroy();
        }
    }
}
