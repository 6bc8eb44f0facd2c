package io.sifter.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SifterTest {
    @TempDir
    private Path home;

    @ParameterizedTest
    @CsvSource({"docker,true", "oci-archive,false"})
    void codeOfConnectionsIsLoadedForWhoAsksARegistry(String transport, boolean loaded) throws Exception {
        String log = Peers.run(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-Xlog:class+load", "-cp", System.getProperty("java.class.path"),
                Listing.class.getName(), home.toString(), transport).ok();

        assertThat(log).contains("nothing here");
        assertThat(log.lines().anyMatch(line -> line.contains(" okhttp3.OkHttpClient "))).isEqualTo(loaded);
    }

    /** Looks into an empty cache after an image of a transport was expected. */
    static final class Listing {
        private Listing() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            Sifter.expect(arguments[1]);
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                if (thread.getName().equals("network-code")) {
                    thread.join();
                }
            }
            var settings = new SifterSettings(Path.of(arguments[0]), List.of(), Map.of("HOME", arguments[0]), Optional.empty(), false, OptionalInt.empty(),
                    Optional.empty(), Optional.empty(), Optional.empty());
            try (Sifter sifter = Sifter.open(settings, _ -> {})) {
                System.out.println(sifter.cache().list(io.sifter.engine.cache.CacheContents.Type.PACK).isEmpty() ? "nothing here" : "something here");
            }
        }
    }
}
