package io.sifter.engine.lint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class ShellScriptTest {
    private static List<List<String>> words(String script) {
        return ShellScript.commands(script).stream().map(command -> command.words().stream().map(ShellCommand.Word::text).toList()).toList();
    }

    @Test
    void cutsAtOperatorsAndTakesQuotesAway() {
        assertThat(words("a 'b c' \"d $e\" && f\\ g; h | i # j\n")).containsExactly(List.of("a", "b c", "d $e"), List.of("f g"), List.of("h"), List.of("i"));
        assertThat(words("cd /x && \\\n  make \\\n  install")).containsExactly(List.of("cd", "/x"), List.of("make", "install"));
        assertThat(words("A=$(curl -s 'x y' | sh) B=`c; d` e")).containsExactly(List.of("A=$(curl -s 'x y' | sh)", "B=`c; d`", "e"));
        assertThat(words("if [ -f a ]; then\n  exec sudo -E b \"$@\"\nfi")).containsExactly(List.of("[", "-f", "a", "]"), List.of("b", "$@"), List.of("fi"));
    }

    @Test
    void wordsKnowWhereTheyStand() {
        ShellCommand.Word word = ShellScript.commands("a\n  b &&\\\n   c d\n").getLast().words().getLast();

        assertThat(word).isEqualTo(new ShellCommand.Word("d", 3, 6));
    }

    @Test
    void redirectionsAreNoWordsAndInsertedDocumentsNoCommands() {
        List<ShellCommand> commands = ShellScript.commands("""
                cat >>/etc/x <<-EOF 2>&1
                    echo no command
                    EOF
                echo 'y' &>/dev/null 3<in >"/a b"
                grep x <<< word
                """);

        assertThat(commands).hasSize(3);
        assertThat(commands.get(0).written()).extracting(ShellCommand.Word::text).containsExactly("/etc/x");
        assertThat(commands.get(1).written()).extracting(ShellCommand.Word::text).containsExactly("/dev/null", "/a b");
        assertThat(commands.get(1).words()).extracting(ShellCommand.Word::text).containsExactly("echo", "y");
    }

    @Test
    void pipesAreRememberedAcrossLines() {
        List<ShellCommand> commands = ShellScript.commands("curl x |\n  tar -x\nls || true");

        assertThat(commands.get(1).before()).isEqualTo("|");
        assertThat(commands.get(2).optional()).isTrue();
    }

    @Property(tries = 2000)
    void comesToAnEndWhateverTheScript(@ForAll @CharRange(from = '\t', to = '~') @StringLength(max = 60) String script) {
        assertThat(ShellScript.commands(script)).allSatisfy(command -> assertThat(command.words().size() + command.written().size()).isPositive());
    }

    @Property(tries = 2000)
    void comesToAnEndWhereSyntaxIsDense(@ForAll @net.jqwik.api.constraints.Chars({'<', '>', '&', '|', '-', '(', ')', '$', '{', '}', '`', '\'', '"', '\\', '\n', 'a', '1', ' ', '#', ';', '='})
            @StringLength(max = 24) String script) {
        ShellScript.commands(script).forEach(ShellCommand::changed);
    }
}
