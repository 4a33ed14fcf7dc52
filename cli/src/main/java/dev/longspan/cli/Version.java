package dev.longspan.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** Which version this is, from a file that the build fills in. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
        return new String[] {"longspan " + number() + " (Java " + Runtime.version() + ")"};
    }

    private static String number() throws IOException {
        Properties properties = new Properties();
        try (InputStream file = Version.class.getResourceAsStream("version.properties")) {
            if (file == null) {
                throw new IOException("version.properties is missing in the jar of longspan-cli");
            }
            properties.load(file);
        }
        return properties.getProperty("version", "of unknown number");
    }
}
