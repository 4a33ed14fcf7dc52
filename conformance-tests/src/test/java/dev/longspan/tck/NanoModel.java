package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The nano model as the oracle wants it. */
final class NanoModel {
    private NanoModel() {}

    static ModelSpec spec() {
        LayerSpec mamba = new LayerSpec.Mamba(8, 32, 2, 32, 4, 0, 1e30);
        LayerSpec attention = new LayerSpec.Attention(
                new AttentionHeads(4, 2, 32), new SpanAttention(6, 3, 3, 1, 0.5, 0.5, 0.1767766952966369));
        List<LayerSpec> layers = new ArrayList<>();
        for (char letter : "M*EM-M*EM-".toCharArray()) {
            layers.add(
                    switch (letter) {
                        case 'M' -> mamba;
                        case '*' -> attention;
                        case 'E' -> new LayerSpec.Experts(4, 2, 128, 128, 1, 1, true, 1);
                        default -> new LayerSpec.Mlp(320);
                    });
        }
        return new ModelSpec("superlinear-exp", 1024, 128, 1e-5, false, layers);
    }

    static byte[] file(String name) {
        try (InputStream in = NanoModel.class.getResourceAsStream("/META-INF/longspan/nano/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The golden files are not part of the jar. */
    static String golden(String name) {
        Path folder = Path.of(System.getProperty("longspan.root"), "nano-model", "model", "golden");
        try {
            return Files.readString(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Oracle oracle() {
        return new Oracle(spec(), Safetensors.read(file("model.safetensors")));
    }
}
