package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Runtimes that others write, as they would: with the contract alone, a jar of their own, and a directory that the configuration names. */
class RuntimePluginIT {
    /** The example of the contract's README. */
    private static final String NICE = """
            package com.acme;

            import io.sifter.spi.launch.*;
            import java.io.IOException;
            import java.util.Optional;

            public final class NiceRuntime extends ScriptedRuntime {
                public NiceRuntime(RuntimeContext context) {
                    super(context);
                }

                @Override
                public Readiness probe() {
                    Optional<String> obstacle = obstacle();
                    return obstacle.isPresent() ? Readiness.missing(obstacle.get()) : Readiness.ready("nice: " + context.settings().get("level"));
                }

                @Override
                protected String first(Launch launch) {
                    return "";
                }

                @Override
                protected String last(Launch launch) throws IOException {
                    launch.confinement().refuse("nice");
                    Privileges wanted = launch.privileges();
                    String ids = context.privileged() ? "" : " --user --map-user=" + wanted.uid() + " --map-group=" + wanted.gid();
                    return "cd \\"$r\\" && exec " + quoted("nice") + " -n " + Integer.parseInt(context.settings().get("level")) + " "
                            + quoted("setpriv") + " --no-new-privs -- " + quoted("unshare") + ids + " --root=. --wd="
                            + ShellText.quote(launch.workingDirectory()) + " -- \\"$@\\"\\n";
                }
            }
            """;
    private static final String BROKEN = """
            package com.acme;

            public final class BrokenRuntime implements io.sifter.spi.launch.Runtime {
                public BrokenRuntime(io.sifter.spi.launch.RuntimeContext context) {
                    if (context.settings().containsKey("refuse")) {
                        throw new IllegalStateException("out of order");
                    }
                }

                public io.sifter.spi.launch.Readiness probe() {
                    return io.sifter.spi.launch.Readiness.ready("it seems");
                }

                public io.sifter.spi.launch.LaunchPlan plan(io.sifter.spi.launch.Launch launch) {
                    throw new IllegalStateException("bad day");
                }
            }
            """;

    private Product product;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        product = Product.ordinary();
        Images.box(product);
    }

    @AfterEach
    void stop() throws IOException {
        product.close();
    }

    private void plugin(String name, String text, String requires, String... runtimes) throws IOException, InterruptedException {
        Path work = Files.createDirectories(product.work().resolve("src-" + name));
        Path source = Files.writeString(work.resolve(name + ".java"), text);
        Path classes = Files.createDirectories(work.resolve("classes"));
        Path lib = product.distribution().resolve("lib");
        assertThat(javax.tools.ToolProvider.getSystemJavaCompiler().run(null, null, null, "-proc:none", "-d", classes.toString(), "-cp",
                lib.resolve("sifter-spi.jar") + ":" + lib.resolve("pf4j.jar"), source.toString())).isZero();
        StringBuilder about = new StringBuilder("plugin.id=%s-plugin\nplugin.version=1.0.0\nplugin.requires=%s\n".formatted(name.toLowerCase(Locale.ROOT), requires));
        for (String runtime : runtimes) {
            about.append("runtime.").append(runtime).append("=com.acme.").append(name).append('\n');
        }
        Files.writeString(classes.resolve("plugin.properties"), about);
        Path plugins = Files.createDirectories(product.work().resolve("plugins"));
        assertThat(ToolProvider.findFirst("jar").orElseThrow().run(System.out, System.err, "--create", "--file", plugins.resolve(name + ".jar").toString(),
                "-C", classes.toString(), ".")).isZero();
    }

    private void configure(String more) throws IOException, InterruptedException {
        Path settings = Files.createDirectories(product.home().resolve(".singularity"));
        Files.writeString(settings.resolve("sifter.conf"), "plugins.directories = [\"%s\"]\n%s".formatted(product.work().resolve("plugins"), more));
        product.give(product.home());
        product.give(product.work());
    }

    @Test
    void anOutsidersRuntimeStartsContainers() throws Exception {
        plugin("NiceRuntime", NICE, ">=1.0.0 & <2.0.0", "nice", "unshare");
        configure("plugin.niceruntime-plugin.level = 7\n");

        Result ran = product.run("exec", "--runtime", "nice", "--bind", "/etc:/mnt", "box", "sh", "-c", "cut -d ' ' -f 19 /proc/self/stat; id -u; pwd; grep CapEff /proc/self/status; ls -d /mnt/passwd; exit 5");
        assertThat(ran.exit()).as(ran.err()).isEqualTo(5);
        assertThat(ran.out()).isEqualTo("7\n" + product.shell("id -u").out() + product.work() + "\nCapEff:\t0000000000000000\n/mnt/passwd\n");
        assertThat(ran.err()).isEmpty();
        assertThat(product.run("exec", "--runtime", "nice", "--containall", "box", "sh", "-c", "cut -d ' ' -f 19 /proc/self/stat; ls -A /tmp").ok().out()).isEqualTo("7\n");
        product.run("exec", "--runtime", "nice", "--security", "seccomp:/etc/hostname", "box", "true").failed();

        Result list = product.run("runtime", "list").ok();
        assertThat(list.out()).contains("nice: 7", "util-linux: ", "The runtime 'nice' cannot set AppArmor profiles");
        // Who is not asked for takes no part, and what comes with the program is not replaced.
        assertThat(product.run("exec", "box", "cut", "-d", " ", "-f", "19", "/proc/self/stat").ok().out()).isEqualTo("0\n");
        assertThat(product.run("plugin", "list").ok().err()).contains("the runtime 'unshare' comes with this program");
        configure("plugin.niceruntime-plugin.level = 3\nruntime.name = nice\n");
        assertThat(product.run("exec", "box", "cut", "-d", " ", "-f", "19", "/proc/self/stat").ok().out()).isEqualTo("3\n");
        configure("plugin.niceruntime-plugin.level = low\nruntime.name = nice\n");
        product.run("exec", "box", "cut", "-d", " ", "-f", "19", "/proc/self/stat").failed("plugin niceruntime-plugin", "NumberFormatException");
    }

    @Test
    void aRuntimeThatFailsIsNamedAndNoOtherIsHurt() throws Exception {
        plugin("BrokenRuntime", BROKEN, ">=1.0.0 & <2.0.0", "broken");
        plugin("NiceRuntime", NICE, ">=9.0.0", "future");
        configure("");
        product.run("exec", "--runtime", "broken", "box", "true").failed("plugin brokenruntime-plugin", "bad day");
        product.run("exec", "--runtime", "future", "box", "true").failed("requires version >=9.0.0 of the plugin contract");

        configure("plugin.brokenruntime-plugin.refuse = yes\n");
        product.run("exec", "--runtime", "broken", "box", "true").failed("its constructor failed", "out of order");
        assertThat(product.run("runtime", "list").ok().out()).containsPattern("broken +no .*out of order").containsPattern("future +no .*9\\.0\\.0").contains("util-linux: ");
        product.run("exec", "box", "true").ok();
    }
}
