package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.reference.Digest;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is shown while an image comes: on a terminal, elsewhere, and to programs. */
class ProgressIT {
    private static final TestImage IMAGE = Images.of(TarLayer.with().directory("etc").directory("bin").file("etc/noise", Images.noise(3 << 20, 1)));
    private static final Digest LAYER = IMAGE.blobs().keySet().iterator().next();
    private static final Pattern WHOLE = Pattern.compile(" (3\\.\\d\\d MiB) / \\1 \\[=+] \\d+s");
    private static final Pattern MOVING = Pattern.compile(" \\S+ [KM]?i?B / 3\\.\\d\\d MiB \\[=*>-*] \\d+s");

    private ScriptedRegistry registry;
    private Product product;

    @BeforeEach
    void start() throws Exception {
        product = Product.ordinary();
        registry = ScriptedRegistry.start();
        registry.publish("team/tool", "latest", IMAGE);
    }

    @AfterEach
    void stop() throws Exception {
        registry.close();
        product.close();
    }

    private String image() {
        return "docker://" + registry.host() + "/team/tool";
    }

    /** All that a command writes to a terminal of eighty columns. */
    private String onTerminal(String command) throws Exception {
        return product.execute(product.work(), "", List.of(Peers.program("script"), "-qefc", "stty cols 80; exec singularity " + command, "/dev/null"))
                .ok().out();
    }

    @Test
    void aBarMovesOnATerminalAndStaysWhole() throws Exception {
        // The waits leave time to see it.
        String layer = "GET .*/blobs/" + LAYER;
        registry.once(layer, new Fault.CutAfter(1 << 20)).once(layer, Fault.status(503)).once(layer, Fault.status(503));

        String printed = onTerminal("pull x.sif " + image());

        assertThat(printed).contains("Copying blob " + LAYER).containsPattern(MOVING);
        int whole = printed.indexOf("\r\n", printed.indexOf("Copying blob "));
        String bar = printed.substring(whole + 2, printed.indexOf("\r\n", whole + 2));
        assertThat(bar.substring(bar.lastIndexOf('\r') + 1).replaceAll("\u001b\\[[0-9;?]*[a-zA-Z]", "")).matches(WHOLE).hasSize(80);
    }

    @Test
    void aQuietPullShowsNothingOnATerminal() throws Exception {
        assertThat(onTerminal("--quiet pull x.sif " + image())).isEmpty();
        assertThat(product.worked()).containsExactly("x.sif");
    }

    @Test
    void programsGetObjectsFromATerminalToo() throws Exception {
        assertThat(onTerminal("--progress json pull x.sif " + image()).lines())
                .isNotEmpty().allMatch(line -> line.matches("\\{\"version\":1,\"event\":\"[a-z]+\".*}"));
    }

    @Test
    void whatIsPipedIsTheSameLinesWithoutMotion() throws Exception {
        String printed = product.run("pull", "x.sif", image()).ok().err();

        assertThat(printed).doesNotContain("\r", "\u001b").contains("INFO:    Starting build...\n");
        List<String> lines = printed.lines().toList();
        assertThat(lines.get(lines.indexOf("Copying blob " + LAYER) + 1)).matches(WHOLE).hasSize(80);
        assertThat(lines).last().isEqualTo("INFO:    Build complete: x.sif");
    }
}
