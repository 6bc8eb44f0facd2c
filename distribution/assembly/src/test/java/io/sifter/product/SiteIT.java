package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.registry.ScriptedRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    @Test
    void everyRuntimeKeepsThem() throws Exception {
        Images.box(product);
        product.shell("mkdir data && echo of the site >data/file").ok();
        String rules = """
                site { mount sys = no, mount home = no, mount tmp = no, mount dev = minimal, config passwd = no, config group = no, config resolv_conf = no
                allow pid ns = no, allow ipc ns = no, allow uts ns = no, sessiondir max size = 3, bind path = ["%s:/site:ro", "/nowhere"] }
                """.formatted(product.work().resolve("data"));
        String script = """
                for n in pid ipc uts; do busybox readlink /proc/self/ns/$n; done; cat /site/file; touch /site/x 2>/dev/null || echo read only; ls -A /sys /tmp /var/tmp
                ls -d /dev/null /dev/kmsg /etc/resolv.conf /etc/hosts $HOME 2>/dev/null; busybox wc -l </etc/passwd; busybox wc -l </etc/group
                busybox dd if=/dev/zero of=/large bs=1M count=4 2>/dev/null || echo too large""";
        String spaces = product.shell("for n in pid ipc uts; do readlink /proc/self/ns/$n; done").out();
        for (String runtime : List.of("unshare", "bubblewrap", "oci")) {
            Product.Result ran = at(rules, "exec --runtime %s --pid --ipc --uts --writable-tmpfs --cwd / box sh -c '%s'".formatted(runtime, script));
            assertThat(ran.out()).as(runtime + ": " + ran.err()).isEqualTo(spaces + "of the site\nread only\n/sys:\n\n/tmp:\n\n/var/tmp:\n/dev/null\n1\n1\ntoo large\n");
            at("site.tmp sandbox = no\n", "exec --runtime " + runtime + " --unsquash x.sif true").failed("prohibited by 'tmp sandbox = no'");
            at("site.limit container owners = [nobody]\n", "exec --runtime " + runtime + " box true").failed("image is not owned by required user(s)");
        }
    }
}
