package dev.longspan.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;

/** The Hugging Face library as the judge, kept from the network, from the home folder and from cutting texts. */
final class HuggingFace implements AutoCloseable {
    static {
        try {
            String folder = Files.createTempDirectory("djl").toString();
            System.setProperty("DJL_CACHE_DIR", folder);
            System.setProperty("ENGINE_CACHE_DIR", folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
    }

    private final HuggingFaceTokenizer tokenizer;

    private HuggingFace(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    static HuggingFace of(String json) {
        try {
            return new HuggingFace(HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
                    Map.of("truncation", "false", "padding", "false")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int[] encode(String text, boolean addSpecialTokens) {
        return Arrays.stream(tokenizer.encode(text, addSpecialTokens, false).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    String decode(int[] ids, boolean skipSpecial) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
