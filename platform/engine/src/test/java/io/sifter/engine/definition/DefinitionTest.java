package io.sifter.engine.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.definition.Stage.AppSection;
import io.sifter.engine.definition.Stage.Copies;
import io.sifter.engine.definition.Stage.Copy;
import io.sifter.engine.definition.Stage.Script;
import io.sifter.engine.definition.Stage.Section;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DefinitionTest {
    private static Definition parse(String text) throws UserException {
        return Definition.parse("x.def", text, Map.of());
    }

    private static Stage stage(String text) throws UserException {
        return parse(text).last();
    }

    @Test
    void headerKeysAreFoldedAndTheirValuesKept() throws Exception {
        Stage stage = stage("""
                BootStrap: docker   # an agent
                # a comment

                FROM: Library/Alpine:3.19
                IncludeCmd: no
                OtherURL1: http://a
                """);

        assertThat(stage.header()).containsExactly(Map.entry("bootstrap", "docker"), Map.entry("from", "Library/Alpine:3.19"),
                Map.entry("includecmd", "no"), Map.entry("otherurl1", "http://a"));
        assertThat(stage.bootstrap()).isEqualTo("docker");
    }

    @Test
    void headerValuesGoOnInTheNextLine() throws Exception {
        assertThat(stage("Bootstrap: yum\nInclude: a \\\n   b \\\n  c\nSetopt: x\\n\\\n y\n").header())
                .containsEntry("include", "a b c").containsEntry("setopt", "x\ny");
    }

    @Test
    void sectionsHaveArgumentsAndAreJoinedWhenRepeated() throws Exception {
        Stage stage = stage("""
                Bootstrap: scratch
                %post -c /bin/bash -x
                  one # stays
                %Help
                  text

                %POST
                  two
                """);

        assertThat(stage.script(Section.POST)).contains(new Script("-c /bin/bash -x", "  one # stays\n  two\n"));
        assertThat(stage.script(Section.HELP)).contains(new Script("", "  text\n\n"));
        assertThat(stage.script(Section.TEST)).isEmpty();
    }

    @Test
    void linesOfAStageKnowWhereTheyStandInTheFile() throws Exception {
        Definition definition = Definition.parse("x.def", "# first\nBootstrap: scratch\n%post\n  {{ x }}\n  z\nBootstrap: scratch\n", Map.of("x", "a\nb"));

        assertThat(definition.stages().get(0).text()).isEqualTo("Bootstrap: scratch\n%post\n  a\nb\n  z\n");
        assertThat(definition.stages().get(0).numbers()).containsExactly(2, 3, 4, 4, 5);
        assertThat(definition.stages().get(1).numbers()).containsExactly(6);
    }

    @Test
    void labelsAreWordsAndTheRest() throws Exception {
        assertThat(stage("Bootstrap: scratch\n%labels\n Author  me and you \n# none\n Version v1 # one\n Empty\n").labels())
                .containsExactly(Map.entry("Author", "me and you"), Map.entry("Version", "v1 # one"), Map.entry("Empty", ""));
    }

    @Test
    void filesAreSourceAndDestinationByOrigin() throws Exception {
        Definition definition = parse("""
                Bootstrap: docker
                From: a
                Stage: one

                Bootstrap: docker
                From: b
                %files
                  a.txt
                  "with space" /opt/x"y z"/w   # where
                %files from one
                  /bin/tool /usr/bin/
                %files
                  c d
                """);

        assertThat(definition.stages()).hasSize(2);
        assertThat(definition.last().files()).containsExactly(
                new Copies(Optional.empty(), List.of(new Copy("a.txt", ""), new Copy("with space", "/opt/xy z/w"), new Copy("c", "d"))),
                new Copies(Optional.of("one"), List.of(new Copy("/bin/tool", "/usr/bin/"))));
    }

    @Test
    void moreThanADestinationIsPassedOverWithAWarning() throws Exception {
        assertThat(parse("Bootstrap: scratch\n%files\n a b c d\n").warnings()).singleElement().asString()
                .startsWith("x.def:3:6: 'c'");
    }

    @Test
    void appsHaveSectionsOfTheirOwn() throws Exception {
        Stage.App app = stage("""
                Bootstrap: scratch
                %apprun foo
                  run
                %appenv foo
                  A=1
                %applabels foo
                  L 1
                %appfiles foo
                  a b
                """).apps().get("foo");

        assertThat(app.scripts()).containsEntry(AppSection.RUN, new Script("", "  run\n")).containsEntry(AppSection.ENV, new Script("", "  A=1\n"));
        assertThat(app.labels()).containsEntry("L", "1");
        assertThat(app.files()).containsExactly(new Copy("a", "b"));
    }

    @Test
    void keptTextBeginsWithTheFirstStage() throws Exception {
        assertThat(parse("# licence\n\nBootstrap: scratch\n%post\n x\n\nBootstrap: scratch\n").text())
                .isEqualTo("Bootstrap: scratch\n%post\n x\n\nBootstrap: scratch\n");
    }

    @Test
    void linesMayEndAsOnOtherSystems() throws Exception {
        assertThat(stage("Bootstrap: docker\r\nFrom: a\r\n%post\r\n x\r\n").script(Section.POST)).contains(new Script("", " x\n"));
    }

    @Test
    void variablesAreReplacedEverywhereButInComments() throws Exception {
        Definition definition = Definition.parse("x.def", """
                Bootstrap: docker
                From: alpine:{{ VERSION }}
                %arguments
                  VERSION=3.18
                  NAME = tool-{{VERSION}}
                  broken
                %post
                  echo {{NAME}} {{ VERSION }}
                  # {{ NOTHING }}
                """, Map.of("VERSION", "3.19", "OTHER", "x"));

        assertThat(definition.last().header()).containsEntry("from", "alpine:3.19");
        assertThat(definition.last().script(Section.POST).orElseThrow().text()).isEqualTo("  echo tool-3.19 3.19\n  # {{ NOTHING }}\n");
        assertThat(definition.warnings()).containsExactly("x.def:6: 'broken' is no key=value pair, and is passed over", "Unused build variables: OTHER");
    }

    @Test
    void defaultsAreOfOneStage() {
        assertThatThrownBy(() -> parse("Bootstrap: scratch\n%arguments\n A=1\n\nBootstrap: scratch\n%post\n  echo x {{ A }}\n"))
                .isInstanceOf(UserException.class).hasMessageStartingWith("x.def:7:10: build var A is not defined");
    }

    @Test
    void aValueOfSeveralLinesKeepsTheNumbersOfTheFollowing() {
        assertThatThrownBy(() -> Definition.parse("x.def", "Bootstrap: scratch\n%post\n {{ A }}\n%bogus\n", Map.of("A", "1\n2\n3")))
                .hasMessageStartingWith("x.def:4:1: ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            ''|1:1: empty definition file
            # only~|1:1: no bootstrap specification found
            From: x~Bootstrap: scratch~|1:1: no bootstrap specification found
            ~%post~ x~|2:1: no bootstrap specification found
            Bootstrap:~|1:11: no bootstrap specification found
            Bootstrap: x~  Bogus: y~|2:3: invalid header keyword found: bogus
            Bootstrap: x~From~|2:1: header key From had no val
            Bootstrap: x~%bogus~|2:1: invalid section(s) specified: bogus
            Bootstrap: x~%post~ cat <<E~   %x~|'4:4: invalid section(s) specified: '
            Bootstrap: x~%~|'2:1: invalid section(s) specified: '
            Bootstrap: x~%post -c~|2:7: bad post section '-c' parameter: missing arguments
            Bootstrap: x~%files from~|2:8: %files from
            Bootstrap: x~%files from two~|2:13: stage two was not found
            Bootstrap: x~%files~ a "b~|3:4: a quotation mark that is not closed
            Bootstrap: x~%apprun~|2:8: %apprun names the app ''
            Bootstrap: x~%apprun ../x~|2:8: %apprun names the app '../x'
            """)
    void errorsSayWhereAndWhatWasExpected(String text, String message) {
        assertThatThrownBy(() -> parse(text.replace('~', '\n'))).isInstanceOf(UserException.class).hasMessage("x.def:" + message)
                .satisfies(e -> assertThat(((SifterException) e).nextStep()).hasValueSatisfying(next -> assertThat(next).containsAnyOf("xpected")));
    }

    @Test
    void argumentsOfTheCommandLineAreKeysAndValues() throws Exception {
        assertThat(BuildArguments.parse(List.of(" A = 1 ", "B=x=y", "A=2"))).containsExactly(Map.entry("A", "2"), Map.entry("B", "x=y"));
        assertThatThrownBy(() -> BuildArguments.parse(List.of("FOO"))).hasMessage("\"FOO\" is not a key=value pair");
        assertThatThrownBy(() -> BuildArguments.parse(List.of("=x"))).hasMessage("missing key portion in \"=x\"");
        assertThatThrownBy(() -> BuildArguments.parse(List.of("x="))).hasMessage("missing value portion in \"x=\"");
    }

    @Test
    void badLinesOfAnArgumentFileArePassedOver() {
        var warnings = new java.util.ArrayList<String>();

        assertThat(BuildArguments.parseFile("args", "# c\nA=1\n\nbad\nB=2\n", warnings)).containsExactly(Map.entry("A", "1"), Map.entry("B", "2"));
        assertThat(warnings).containsExactly("args:4: \"bad\" is not a key=value pair; it is passed over");
    }
}
