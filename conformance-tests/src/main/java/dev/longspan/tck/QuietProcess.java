package dev.longspan.tck;

import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * A process that opens a backend, computes, and ends without closing it: nothing else may be seen of it. Sockets are those that Java
 * opens; what natives do with the network is not seen.
 */
final class QuietProcess {
    /**
     * What all kinds of Java's sockets and channels need first. The classes of single kinds tell less: some are loaded by who
     * writes a file.
     */
    private static final List<String> SOCKETS = List.of("'sun/nio/ch/Net'", "'sun/nio/ch/UnixDomainSockets'");

    private QuietProcess() {}

    static void check(Subject subject) throws IOException, InterruptedException {
        List<String> flags = List.of("-Xlog:class+init=info:file=%s/classes");
        ChildProcess.run(subject, QuietProcess.class, flags, (ended, folder) -> {
            if (ended.done() == null) {
                throw new NotApplicable("it supports none of the networks that the process draws");
            }
            require(
                    ended.printed().isEmpty(),
                    "the process printed: " + ended.printed().strip());
            try (Stream<String> lines = Files.lines(folder.resolve("classes"))) {
                List<String> sockets = lines.filter(
                                line -> SOCKETS.stream().anyMatch(each -> line.contains("Initializing " + each)))
                        .toList();
                require(sockets.isEmpty(), "the process opened a socket: " + sockets);
            }
        });
    }

    /** The process. */
    public static void main(String[] args) throws IOException {
        ChildProcess.Arguments told = ChildProcess.Arguments.of(args);
        Properties before = (Properties) System.getProperties().clone();
        Backend backend = told.provider().open(told.options());
        RandomModel model;
        try {
            model = Subject.supported(backend, RandomModel::spec, 1);
        } catch (NotApplicable e) {
            return; // and what tells that it is done is missing
        }
        Driver driver = Driver.load(backend, model, 1);
        driver.feed(driver.model().newState(), driver.ids(20));
        Lives.faults(driver, model, 1);
        for (String name : System.getProperties().stringPropertyNames()) {
            if (!System.getProperty(name).equals(before.getProperty(name))) {
                throw new IllegalStateException("system property " + name + " was set");
            }
        }
        told.tell(""); // and nothing is closed
    }
}
