package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.registry.ScriptedRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a site says in its configuration holds for everybody who starts its containers. */
class SiteIT {
    private Product product;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        product = Product.ordinary();
        try (ScriptedRegistry registry = ScriptedRegistry.start()) {
            registry.publish("lib/lolcow", "latest", Images.lolcow());
            product.run("pull", "x.sif", "docker://" + registry.host() + "/lib/lolcow").ok();
        }
        // The same program with another etc.
        product.shell("mkdir site && cp -R %1$s/bin %1$s/libexec site/ && ln -s %1$s/lib %1$s/plugins site/ && mkdir site/etc".formatted(product.distribution())).ok();
    }

    @AfterEach
    void stop() throws IOException {
        product.close();
    }

    private Product.Result at(String settings, String line) throws IOException, InterruptedException {
        Path file = product.work().resolve("site/etc/sifter.conf");
        Files.writeString(file, settings);
        product.give(file);
        return product.shell("site/bin/singularity " + line);
    }

    @Test
    void itsRulesHoldWhateverTheUserSays() throws Exception {
        String settings = "site.allow container dir = no\nsite.user bind control = no\nsite.mount tmp = no\nsite.limit container paths = [%s]\n".formatted(product.work());
        Product.Result ran = at(settings, "exec --bind /etc:/mnt x.sif sh -c 'ls -d /mnt/passwd /tmp/sifter-it-*'");
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err()).contains("WARNING: Ignoring /etc bind mount: user bind control disabled by system administrator");

        product.shell("mkdir box; echo 'runtime.name = auto' >mine.conf").ok();
        at(settings, "--config mine.conf exec box true").failed("configuration disallows users from running sandbox containers");
        product.shell("mkdir elsewhere && cp x.sif ../tmp/y.sif").ok();
        at(settings, "exec ../tmp/y.sif true").failed("image is not in an allowed configured path");
        at("site.max loop devices = 3\n", "exec x.sif true").failed("'site.max loop devices' means nothing here");

        product.shell("mkdir -p $HOME/.singularity && echo 'site.mount tmp = yes' >$HOME/.singularity/sifter.conf").ok();
        at(settings, "exec x.sif true").failed("what the site allows is said in");
    }
}
