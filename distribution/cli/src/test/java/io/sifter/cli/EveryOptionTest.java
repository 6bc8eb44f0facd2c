package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.cli.options.Command;
import io.sifter.cli.options.CommandTable;
import io.sifter.cli.options.Invocation;
import io.sifter.cli.options.Option;
import io.sifter.cli.options.Option.Kind;
import io.sifter.cli.options.Support.Moot;
import io.sifter.cli.options.Support.Refused;
import io.sifter.cli.options.Support.Supported;
import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.LogLines;
import io.sifter.cli.terminal.Terminal;
import io.sifter.spi.error.UserException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Walks the whole table: what is known works, changes nothing and says so, or is refused by name. Nothing is ignored. */
class EveryOptionTest {
    /** The code of each supported command that reads its options. */
    private interface Reader {
        void read(Session session) throws Exception;
    }

    private static final Reader ACTION = session -> {
        Values values = session.values();
        ActionOptions.files(values);
        ActionOptions.variables(values);
        ActionOptions.isolation(values, _ -> { });
        ActionOptions.rights(values, 0);
        ActionOptions.runtime(values, java.util.Optional.empty());
        try {
            ActionOptions.limits(values);
        } catch (UserException noSuchLimit) {
            // Read all the same.
        }
        ActionOptions.plainHttp(values);
        ImageOptions.settings(session);
    };

    private static final Map<String, Reader> READERS = new HashMap<>(Map.of(
            "pull", session -> {
                Pull.request(session.values(), List.of("docker://x"));
                ImageOptions.settings(session);
            },
            "build", session -> {
                Build.request(session.values(), List.of("x", "docker://x"));
                Definitions.options(session);
                Definitions.variables(session);
                RootOfNamespace.command(session);
                ImageOptions.settings(session);
            },
            "cache list", session -> CacheCommands.listRequest(session.values()),
            "cache clean", session -> CacheCommands.cleanRequest(session.values()),
            "inspect", session -> Inspect.request(session.values(), List.of("x")),
            "run-help", session -> Inspect.helpOf(session.values(), Map.of()),
            "", session -> {
                Main.lines(session.values(), session.caller());
                Main.json(session.values());
                session.values().flag("version");
                session.values().text("config");
            }));

    static {
        READERS.put("lint", session -> {
            Linting.request(session.values(), List.of("x"));
            Definitions.variables(session);
            ImageOptions.settings(session);
        });
        READERS.put("push", session -> {
            Publishing.pushRequest(session.values(), List.of("x", "oras://x"));
            ImageOptions.settings(session);
        });
        READERS.put("search", session -> {
            Publishing.searchRequest(session.values(), List.of("x"));
            ImageOptions.settings(session);
        });
        READERS.put("delete", session -> {
            Publishing.deleteRequest(session.values(), List.of("library://x"));
            ImageOptions.settings(session);
        });
        READERS.put("remote add", session -> RemoteCommands.addRequest(session.values()));
        for (String action : List.of("run", "exec", "shell", "test")) {
            READERS.put(action, ACTION);
        }
        for (String action : List.of("instance start", "instance run")) {
            READERS.put(action, session -> {
                ACTION.read(session);
                ActionOptions.pidFile(session.values());
            });
        }
        READERS.put("instance list", session -> InstanceCommands.listRequest(session.values(), List.of()));
        READERS.put("instance stats", session -> InstanceCommands.statsRequest(session.values()));
        READERS.put("instance stop", session -> InstanceCommands.stopRequest(session.values(), List.of()));
        for (String login : List.of("registry login", "remote login")) {
            READERS.put(login, session -> {
                var words = new ArrayList<>(session.invocation().arguments());
                words.add("docker://h");
                var invocation = new Invocation(session.invocation().command(), session.invocation().program(), session.values(), words);
                try {
                    RegistryCommands.loginRequest(new Session(session.caller(), invocation, session.terminal(), List.of()));
                } catch (UserException incomplete) {
                    // One option alone is no login.
                }
                ImageOptions.authSettings(session);
            });
        }
        Reader registryLogin = READERS.get("remote login");
        READERS.put("remote login", session -> {
            registryLogin.read(session);
            RemoteCommands.tokenFile(session.values());
        });
        for (String logins : List.of("registry list", "registry logout", "remote logout")) {
            READERS.put(logins, ImageOptions::authSettings);
        }
    }

    static List<Arguments> options() {
        var all = new ArrayList<Arguments>();
        for (Command command : CommandTable.all()) {
            for (Option option : command.options()) {
                if (!option.name().equals("help")) {
                    all.add(Arguments.of(command, option, command.path() + " --" + option.name()));
                }
            }
        }
        return all;
    }

    private static String value(Option option) {
        return switch (option.name()) {
            case "arch" -> "arm64";
            case "platform" -> "linux/arm64";
            case "compression" -> "fast";
            case "progress" -> "json";
            case "block-size" -> "128K";
            case "dir" -> "/";
            case "build-arg" -> "a=b";
            case "check", "ignore" -> "user";
            case "build-arg-file" -> "/dev/null";
            case "signal" -> "TERM";
            case "type" -> "oci";
            default -> switch (option.kind()) {
                case FLAG -> "true";
                case NUMBER -> "7";
                case PAIRS -> "a=b";
                case TEXT, LIST, LINES -> "value";
            };
        };
    }

    @ParameterizedTest(name = "{2}")
    @MethodSource("options")
    void everyOptionWorksOrIsRefusedByName(Command command, Option option, String name) throws Exception {
        var words = new ArrayList<String>();
        if (!command.path().isEmpty()) {
            words.addAll(List.of(command.path().split(" ")));
        }
        words.add("--" + option.name() + "=" + value(option));
        Invocation invocation = Invocation.parse(CommandTable.full(), words);
        if (command.support() instanceof Refused refused) {
            assertThatThrownBy(invocation::requireSupported).isInstanceOf(UserException.class).hasMessageContaining(command.path())
                    .hasMessageContaining(refused.reason());
            return;
        }
        switch (option.support()) {
            case Refused refused -> assertThatThrownBy(invocation::requireSupported).isInstanceOf(UserException.class)
                    .hasMessageContaining("--" + option.name()).hasMessageContaining(refused.reason());
            case Moot moot -> {
                invocation.requireSupported();
                assertThat(invocation.values().mootNotes()).anySatisfy(note -> assertThat(note).contains("--" + option.name(), moot.reason()));
            }
            case Supported() -> {
                invocation.requireSupported();
                Reader reader = READERS.get(command.path());
                assertThat(reader).as("code that reads the options of '%s'", command.path()).isNotNull();
                try (var terminal = new Terminal(LogLines.of(false, false, false, false, false), new PrintStream(new ByteArrayOutputStream()), false, () -> 80)) {
                    var caller = new Caller(Map.of(), Path.of("/"), new ByteArrayInputStream("a\nb\n".getBytes()), new PrintStream(new ByteArrayOutputStream()),
                            new PrintStream(new ByteArrayOutputStream()), false, false);
                    reader.read(new Session(caller, invocation, terminal, List.of()));
                }
                Set<String> unread = invocation.values().unread();
                assertThat(unread).doesNotContain(option.name());
            }
        }
    }

    static List<Command> commands() {
        return CommandTable.all();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyVariableReachesItsOption(Command command) throws Exception {
        for (Option option : command.options()) {
            for (String suffix : option.variables()) {
                for (String prefix : List.of("SINGULARITY_", "APPTAINER_")) {
                    Values values = Invocation.parse(CommandTable.full(), command.path().isEmpty() ? List.of() : List.of(command.path().split(" "))).values();
                    values.readEnvironment(Map.of(prefix + suffix, value(option)));

                    assertThat(values.toString()).contains(option.name() + "=[" + (option.kind() == Kind.FLAG ? "true" : value(option)) + "]");
                }
            }
        }
    }
}
