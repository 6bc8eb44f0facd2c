package io.sifter.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Header;
import io.sifter.spi.Programs;
import io.sifter.spi.Web;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.testkit.FakePrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every bootstrap agent does: inherit, and say what it is and what it needs. */
public abstract class BootstrapContract {
    @TempDir
    Path directory;

    /** What the agent told. */
    protected final List<Event> events = new CopyOnWriteArrayList<>();
    /** How the agent's programs were called. */
    protected final FakePrograms programs = new FakePrograms();

    /** A fresh agent. */
    protected abstract Bootstrap bootstrap(BootstrapContext context) throws Exception;

    /** Keys, as users write them, of a header that says enough, {@code Bootstrap} among them. */
    protected abstract Map<String, String> header() throws Exception;

    /** Those of the keys that must be there. */
    protected abstract List<String> required();

    /** Programs that the agent asks for before it starts any; all of them are missed. */
    protected abstract List<String> needed();

    /** Programs that it starts. */
    protected abstract List<String> started();

    /** The agent's HTTP client. */
    protected Web web() {
        return Web.none();
    }

    private void install() {
        Stream.concat(needed().stream(), started().stream()).forEach(programs::with);
    }

    /** Lets the agent make a new root of a header. */
    protected final Path make(Map<String, String> header, Map<String, String> environment, Programs those) throws Exception {
        Path root = Files.createDirectory(directory.resolve("root"));
        bootstrap(new BootstrapContext(those, web(), events::add, Map.of(), environment)).make(new Header(header), root);
        return root;
    }

    /** The same, with {@link #programs} that all are there. */
    protected final Path make(Map<String, String> header) throws Exception {
        install();
        return make(header, Map.of(), programs);
    }

    /** {@link #header()} with more. */
    protected final Map<String, String> header(String key, String value) throws Exception {
        Map<String, String> header = new LinkedHashMap<>(header());
        header.put(key, value);
        return header;
    }

    @Test
    void theProgramsWorkOnTheRoot() throws Exception {
        Path root = make(header());

        assertThat(programs.calls()).isNotEmpty().allSatisfy(call -> assertThat(call).contains(root.toString()));
    }

    @Test
    void aKeyThatMustBeThereIsNamed() throws Exception {
        install();
        Path root = Files.createDirectory(directory.resolve("root"));
        for (String key : required()) {
            Map<String, String> header = new HashMap<>(header());
            assertThat(header.remove(key)).as(key).isNotNull();
            Bootstrap bootstrap = bootstrap(new BootstrapContext(programs, web(), events::add, Map.of(), Map.of()));

            assertThatThrownBy(() -> bootstrap.make(new Header(header), root)).isInstanceOf(UserException.class).hasMessageContaining(key)
                    .satisfies(e -> assertThat(((SifterException) e).nextStep()).isPresent());
        }
        assertThat(programs.calls()).isEmpty();
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void keysMayBeWrittenInAnyCase() throws Exception {
        Map<String, String> shouted = new HashMap<>();
        header().forEach((key, value) -> shouted.put(key.toUpperCase(java.util.Locale.ROOT), value));

        make(shouted);

        assertThat(programs.calls()).isNotEmpty();
    }

    @Test
    void keysOfOthersMeanNothing() throws Exception {
        make(header("Namespace", "nobody"));

        assertThat(programs.calls()).isNotEmpty().allSatisfy(call -> assertThat(call).doesNotContain("nobody"));
    }

    @Test
    void aMissingProgramIsNamedBeforeAnythingRuns() throws Exception {
        install();
        Path root = Files.createDirectory(directory.resolve("root"));
        for (String name : needed()) {
            programs.without(name);
            Bootstrap bootstrap = bootstrap(new BootstrapContext(programs, web(), events::add, Map.of(), Map.of()));

            assertThatThrownBy(() -> bootstrap.make(new Header(header()), root)).isInstanceOf(ExternalException.class).hasMessageContaining(name)
                    .hasMessageContaining("in PATH").satisfies(e -> assertThat(((SifterException) e).nextStep()).isPresent());
            programs.with(name);
        }
        assertThat(programs.calls()).isEmpty();
    }

    @Test
    void aProgramThatFailsEndsIt() throws Exception {
        for (String name : started()) {
            install();
            programs.with(name, (_, _) -> 23);

            assertThatThrownBy(() -> make(header(), Map.of(), programs)).as(name).isInstanceOf(ExternalException.class)
                    .hasMessageContaining(name).hasMessageContaining("exit status 23")
                    .satisfies(e -> assertThat(((SifterException) e).nextStep()).isPresent());
            remove(directory.resolve("root"));
        }
    }

    @Test
    void anInterruptionIsPassedOn() throws Exception {
        install();
        programs.with(started().getFirst(), (_, _) -> {
            throw new InterruptedException();
        });

        assertThatThrownBy(() -> make(header(), Map.of(), programs)).isInstanceOf(InterruptedException.class);
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
