package io.sifter.sink.sandbox;

import io.sifter.spi.SinkContext;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A program that writes {@link Samples#everything} and prints the warnings: what tests run as somebody who is not root. */
final class OrdinaryUser {
    private OrdinaryUser() {}

    static void main(String[] arguments) throws IOException, InterruptedException {
        try (ExecutorService workers = Executors.newFixedThreadPool(2)) {
            SinkContext context = new SinkContext(workers, event -> {
                if (event instanceof Event.Logged logged) {
                    IO.println(logged.message());
                }
            }, Map.of());
            new SandboxSink(context).write(Samples.everything(), Samples.SETTINGS, Path.of(arguments[0]), Samples.OPTIONS);
        }
    }
}
