package io.sifter.cli.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Both readers of the table understand the same command lines in the same way. */
class ParsersTest {
    private static final Command PROGRAM = CommandTable.full();

    @ParameterizedTest
    @ValueSource(strings = {
        "pull docker://alpine",
        "pull -F docker://alpine",
        "pull --force --dir /tmp a.sif docker://alpine",
        "pull --dir=/tmp --name=x docker://alpine",
        "pull docker-archive://t.tar -F",
        "pull -Fj4 docker://alpine",
        "pull -Fj 4 docker://alpine",
        "pull --force=false docker://alpine",
        "pull --force --force=0 docker://alpine",
        "pull --force=0 --force docker://alpine",
        "pull --dir --force docker://alpine",
        "pull --dir cache docker://alpine",
        "pull -- --force",
        "pull - x",
        "pull",
        "pull --help",
        "pull -h x",
        "-d pull docker://alpine",
        "-dv --nocolor pull docker://alpine",
        "-c pull cache list",
        "--config=x cache list -v",
        "cache clean --type oci,pack --type net",
        "cache clean -T oci -n -D 30",
        "cache clean -nfD30",
        "cache",
        "cache --help list",
        "siftool header x.sif",
        "keys list -s",
        "exec -B a:b,c -B d img prog -v --bind x",
        "exec --env A=1,B=2 --env C=x=y,D=1 img prog",
        "exec --mount type=bind,source=a,destination=b img prog",
        "shell -s /bin/zsh img",
        "run img --app x",
        "build -s --fix-perms --section post,files d s",
        "help pull",
        "help --help",
        "--version",
        "version x",
        "--help",
        "remote --config x login -u me",
        "",
    })
    void agreeOn(String line) throws UsageException {
        List<String> words = line.isEmpty() ? List.of() : List.of(line.split(" "));

        Invocation small = Invocation.parse(PROGRAM, words);
        Optional<Invocation> picocli = PicocliParser.attempt(PROGRAM, words);

        assertThat(picocli).isPresent();
        assertThat(describe(picocli.get())).isEqualTo(describe(small));
    }

    private static String describe(Invocation invocation) {
        return "[%s] global{%s} own{%s} %s".formatted(invocation.command().path(), invocation.program(), invocation.values(),
                invocation.arguments());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "pull --bogus x",
        "pull -x y",
        "pull -Fx y",
        "pull --dir",
        "pull -j",
        "pull --force=maybe x",
        "pull --jobs many x",
        "pull --no-such=1",
        "exec --env A img prog",
        "bogus",
        "-x",
        "--config",
        "cache bogus",
        "cache list extra --bogus=",
        "exec -d img prog",
    })
    void refuseTheSame(String line) {
        List<String> words = List.of(line.split(" "));
        boolean picocliRefuses = PicocliParser.attempt(PROGRAM, words).isEmpty();
        boolean smallRefuses;
        try {
            Invocation.parse(PROGRAM, words);
            smallRefuses = false;
        } catch (UsageException e) {
            smallRefuses = true;
        }

        assertThat(picocliRefuses).isEqualTo(smallRefuses);
    }

    static List<Command> commands() {
        return CommandTable.all();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void agreeOnEachOptionOfEachCommand(Command command) throws UsageException {
        for (Option option : command.options()) {
            String value = switch (option.kind()) {
                case FLAG -> "true";
                case NUMBER -> "7";
                case PAIRS -> "a=b";
                case TEXT, LIST, LINES -> "value";
            };
            var spellings = option.kind() == Option.Kind.FLAG
                    ? List.of(List.of("--" + option.name()), List.of("--" + option.name() + "=" + value))
                    : List.of(List.of("--" + option.name(), value), List.of("--" + option.name() + "=" + value));
            for (List<String> spelling : spellings) {
                var words = new java.util.ArrayList<String>();
                if (!command.path().isEmpty()) {
                    words.addAll(List.of(command.path().split(" ")));
                }
                words.addAll(spelling);

                Invocation small = Invocation.parse(PROGRAM, words);
                Optional<Invocation> picocli = PicocliParser.attempt(PROGRAM, words);

                assertThat(small.command().path()).isEqualTo(command.path());
                assertThat(picocli).as("%s", words).isPresent();
                assertThat(describe(picocli.get())).isEqualTo(describe(small)).contains(option.name() + "=[" + value + "]");
            }
        }
    }

    @Test
    void completionForBashKnowsCommandsAndOptions() {
        assertThat(Completion.bash(PROGRAM)).contains("pull", "--docker-login", "cache").doesNotContain("__unpack");
    }

    @Test
    void anUnknownCommandBringsTheNearOnes() {
        assertThatThrownBy(() -> Invocation.parse(PROGRAM, List.of("pul")))
                .isInstanceOf(UsageException.class)
                .hasMessage("unknown command \"pul\" for \"singularity\"\n\nDid you mean this?\n\tpull\n\trun\n".replace("\tpull\n\trun", "\tpull\n\tpush\n\trun"));
    }
}
