package io.sifter.engine.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.plugin.Extension.Kind;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.DocumentStore;
import io.sifter.spi.Header;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Publisher;
import io.sifter.spi.Publisher.PublishOptions;
import io.sifter.spi.Publisher.SearchOptions;
import io.sifter.spi.PublisherContext;
import io.sifter.spi.Services;
import io.sifter.spi.Web;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.testkit.FakePrograms;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plugins here are real jars, compiled from a few lines on the spot. */
class PluginHostTest {
    private static final String GOOD = """
            package third.party;
            public class GoodAgent implements io.sifter.spi.Agent {
                private final io.sifter.spi.AgentContext context;
                public GoodAgent(io.sifter.spi.AgentContext context) { this.context = context; }
                public io.sifter.spi.source.Source open(io.sifter.spi.reference.Reference r, io.sifter.spi.OpenOptions o)
                        throws java.io.IOException {
                    %s
                }
            }
            """;

    @TempDir
    Path directory;

    private final AgentContext context =
            new AgentContext((_, _) -> { throw new AssertionError(); }, DocumentStore.empty(), _ -> {}, Map.of("greeting", "moo"));

    @Test
    void makesAnExtensionWithItsContext() throws Exception {
        jar("good.jar", "good", ">=1.0.0 & <2.0.0", Map.of("agent.good", "third.party.GoodAgent"),
                GOOD.formatted("throw new java.io.IOException(context.settings().get(\"greeting\"));"));

        Agent agent = host().create(Kind.AGENT, "good", Agent.class, context);

        assertThatThrownBy(() -> agent.open(Reference.parse("good:x"), new OpenOptions(Platform.host(), false)))
                .hasMessage("moo");
    }

    @Test
    void aPublisherLivesBesideItsAgentAndDoesWhatItCan() throws Exception {
        jar("good.jar", "good", ">=1.0.0 & <2.0.0", Map.of("agent.good", "third.party.Unused", "publisher.good", "third.party.GoodPublisher"), """
                package third.party;
                public class GoodPublisher implements io.sifter.spi.Publisher {
                    public GoodPublisher(io.sifter.spi.PublisherContext context) {}
                    public void publish(java.nio.file.Path f, io.sifter.spi.reference.Reference r, PublishOptions o) throws java.io.IOException {
                        throw new java.io.IOException("took " + f);
                    }
                }
                """);
        PublisherContext lent = new PublisherContext((_, _) -> { throw new AssertionError(); }, Web.none(), Services.none(), _ -> {}, Map.of());

        Publisher publisher = host().create(Kind.PUBLISHER, "good", Publisher.class, lent);

        Reference target = Reference.parse("good:x");
        assertThatThrownBy(() -> publisher.publish(Path.of("a.sif"), target, new PublishOptions(Optional.empty(), true, false))).hasMessage("took a.sif");
        assertThatThrownBy(() -> publisher.delete(target, "amd64", false)).isInstanceOf(UserException.class).hasMessageContaining("good://");
        assertThatThrownBy(() -> publisher.search("x", new SearchOptions("amd64", false))).isInstanceOf(UserException.class);
    }

    @Test
    void aBootstrapMakesARootOfAHeader() throws Exception {
        jar("good.jar", "good", ">=1.0.0 & <2.0.0", Map.of("bootstrap.good", "third.party.GoodBootstrap"), """
                package third.party;
                public class GoodBootstrap implements io.sifter.spi.Bootstrap {
                    private final io.sifter.spi.BootstrapContext context;
                    public GoodBootstrap(io.sifter.spi.BootstrapContext context) { this.context = context; }
                    public void make(io.sifter.spi.Header header, java.nio.file.Path root) throws java.io.IOException, InterruptedException {
                        context.programs().succeed(root, java.util.List.of("make-root", header.require("Setopt")), java.util.Map.of());
                    }
                }
                """);
        FakePrograms programs = new FakePrograms().with("make-root");

        Bootstrap bootstrap = host().create(Kind.BOOTSTRAP, "good", Bootstrap.class,
                new BootstrapContext(programs, Web.none(), _ -> {}, Map.of(), Map.of()));
        bootstrap.make(new Header(Map.of("setopt", "yes")), directory);

        assertThat(programs.calls()).containsExactly("make-root yes");
        assertThat(host().extensions(Kind.AGENT)).isEmpty();
    }

    @Test
    void opensOnlyThePluginThatIsAskedFor() throws Exception {
        jar("good.jar", "good", "*", Map.of("agent.good", "third.party.GoodAgent"), GOOD.formatted("return null;"));
        jar("untouched.jar", "untouched", ">=99.0.0", Map.of("agent.other", "no.such.Class"), null);
        PluginHost host = host();

        host.create(Kind.AGENT, "good", Agent.class, context);

        assertThat(host.extensions(Kind.AGENT)).containsOnlyKeys("good", "other");
        assertThat(host.problems()).isEmpty();
    }

    @Test
    void aPluginSeesTheContractAndNothingElseOfTheHost() throws Exception {
        jar("good.jar", "good", "*", Map.of("agent.good", "third.party.GoodAgent"), GOOD.formatted("""
                StringBuilder seen = new StringBuilder();
                for (String name : new String[] {"io.sifter.spi.Agent", "org.pf4j.ExtensionPoint", "io.sifter.engine.Sifter",
                        "com.google.inject.Guice", "com.typesafe.config.Config"}) {
                    try { Class.forName(name); seen.append('+'); } catch (ClassNotFoundException e) { seen.append('-'); }
                }
                throw new java.io.IOException(seen.toString());"""));

        Agent agent = host().create(Kind.AGENT, "good", Agent.class, context);

        assertThatThrownBy(() -> agent.open(Reference.parse("good:x"), new OpenOptions(Platform.host(), false)))
                .hasMessage("++---");
    }

    @Test
    void refusesAPluginForAnotherContract() throws Exception {
        jar("future.jar", "future", ">=2.0.0", Map.of("agent.future", "third.party.GoodAgent"), GOOD.formatted("return null;"));
        PluginHost host = host();

        assertThatThrownBy(() -> host.create(Kind.AGENT, "future", Agent.class, context))
                .isInstanceOf(ExternalException.class)
                .hasMessageContaining("requires version >=2.0.0 of the plugin contract, this is 1.0.0");
        assertThat(host.problems()).singleElement()
                .satisfies(problem -> assertThat(problem.path()).hasFileName("future.jar"));
    }

    @Test
    void reportsBrokenPluginsAndGoesOn() throws Exception {
        Files.writeString(directory.resolve("broken.jar"), "no zip");
        jar("silent.jar", "silent", "*", Map.of(), null);
        jar("good.jar", "good", "*", Map.of("agent.good", "third.party.GoodAgent"), GOOD.formatted("return null;"));
        PluginHost host = host();

        assertThat(host.create(Kind.AGENT, "good", Agent.class, context)).isNotNull();
        assertThat(host.problems()).extracting(problem -> problem.path().getFileName().toString())
                .containsExactly("broken.jar", "silent.jar");
    }

    @Test
    void namesWhatIsWrongWithAnExtension() throws Exception {
        jar("bad.jar", "bad", "*", Map.of("agent.missing", "third.party.Nowhere", "agent.wrong", "third.party.Wrong"),
                "package third.party; public class Wrong { public Wrong(io.sifter.spi.AgentContext c) {} }");
        PluginHost host = host();

        assertThatThrownBy(() -> host.create(Kind.AGENT, "missing", Agent.class, context))
                .isInstanceOf(ExternalException.class).hasMessageContaining("third.party.Nowhere");
        assertThatThrownBy(() -> host.create(Kind.AGENT, "wrong", Agent.class, context))
                .isInstanceOf(ExternalException.class).hasMessageContaining("third.party.Wrong is no Agent");
        assertThatThrownBy(() -> host.create(Kind.AGENT, "nothing", Agent.class, context))
                .isInstanceOf(UserException.class).hasMessage("No plugin serves agent 'nothing'");
    }

    @Test
    void laterDirectoriesWin() throws Exception {
        jar("one.jar", "one", "*", Map.of("agent.good", "third.party.GoodAgent"), GOOD.formatted("return null;"));
        Path site = Files.createDirectory(directory.resolve("site"));
        Files.move(directory.resolve("one.jar"), site.resolve("two.jar"));
        jar("one.jar", "one", "*", Map.of("agent.good", "third.party.GoodAgent"), GOOD.formatted("return null;"));

        PluginHost host = new PluginHost(List.of(directory, site), "1.0.0");

        assertThat(host.extensions(Kind.AGENT).get("good").path()).isEqualTo(site.resolve("two.jar"));
    }

    @Test
    void runtimesOfTheFirstDirectoryStay() throws Exception {
        jar("one.jar", "one", "*", Map.of("runtime.usual", "third.party.One"), null);
        Path site = Files.createDirectory(directory.resolve("site"));
        Files.move(directory.resolve("one.jar"), site.resolve("two.jar"));
        jar("one.jar", "one", "*", Map.of("runtime.usual", "third.party.One"), null);

        PluginHost host = new PluginHost(List.of(directory, site), "1.0.0");

        assertThat(host.extensions(Kind.RUNTIME).get("usual").path()).isEqualTo(directory.resolve("one.jar"));
        assertThat(host.problems()).extracting(PluginProblem::reason).contains("the runtime 'usual' comes with this program; give this one another name");
    }

    @Test
    void whatGoesWrongInARuntimeIsThePluginsFailure() throws Exception {
        jar("bad.jar", "bad", "*", Map.of("runtime.bad", "third.party.Bad"), """
                package third.party;
                import io.sifter.spi.launch.*;
                public class Bad implements io.sifter.spi.launch.Runtime {
                    public Bad(RuntimeContext context) {}
                    public Readiness probe() { return null; }
                    public LaunchPlan plan(Launch launch) { throw new IllegalStateException("bad day"); }
                }
                """);
        Runtime runtime = host().create(Kind.RUNTIME, "bad", Runtime.class, new RuntimeContext(1, 1, false, List.of(), directory, Map.of()));

        assertThat(runtime.probe()).isEqualTo(Readiness.missing("plugin bad (%s) failed: it answered nothing".formatted(directory.resolve("bad.jar"))));
        assertThatThrownBy(() -> runtime.plan(new Launch(List.of(new Mount.Bind(directory, "/", true, false)), List.of("true"), Map.of(), "/", Set.of(), Optional.empty(),
                Privileges.none(1, 1)))).isInstanceOf(ExternalException.class).hasMessageContaining("plugin bad").hasMessageContaining("bad day");
    }

    private PluginHost host() {
        return new PluginHost(List.of(directory), "1.0.0");
    }

    private void jar(String file, String id, String requires, Map<String, String> extensions, String source) throws IOException {
        Path classes = Files.createTempDirectory(directory, ".classes");
        if (source != null) {
            String name = source.replaceAll("(?s).*public class (\\w+).*", "$1");
            Path java = Files.writeString(classes.resolve(name + ".java"), source);
            JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
            assertThat(compiler.run(null, null, null, "-proc:none", "-d", classes.toString(), "-cp",
                    System.getProperty("java.class.path"), java.toString())).isZero();
        }
        StringBuilder index = new StringBuilder("plugin.id=%s\nplugin.version=1.0.0\nplugin.requires=%s\n".formatted(id, requires));
        extensions.forEach((key, value) -> index.append(key).append('=').append(value).append('\n'));
        try (OutputStream out = Files.newOutputStream(directory.resolve(file)); JarOutputStream jar = new JarOutputStream(out);
                Stream<Path> files = Files.walk(classes)) {
            jar.putNextEntry(new JarEntry("plugin.properties"));
            jar.write(index.toString().getBytes(StandardCharsets.UTF_8));
            for (Path one : files.filter(path -> path.toString().endsWith(".class")).toList()) {
                jar.putNextEntry(new JarEntry(classes.relativize(one).toString()));
                Files.copy(one, jar);
            }
        }
    }
}
