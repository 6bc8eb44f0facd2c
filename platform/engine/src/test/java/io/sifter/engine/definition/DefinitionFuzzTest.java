package io.sifter.engine.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.sifter.spi.error.UserException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class DefinitionFuzzTest {
    private static final List<String> LINES = List.of("Bootstrap: docker", "bootstrap:scratch", "From: x", "Stage: a", "%post", "%post -c", "%post -c /bin/sh",
            "%files", "%files from a", "%files from", "%files stage a", "%labels", "%arguments", "A=1", "B={{A}}{{ B }}", "{{ A }}", "# {{ C }}", "%apprun x", "%appfiles ..",
            "%%help", "%", "  %x", "Include: a \\", "x\\n\\", "\\", "\"a b\" c d", "\"", "", "  ", "#", "key", ":", "%test\t/bin/sh", "{{ A", "a b");

    @Provide
    Arbitrary<String> definitions() {
        Arbitrary<String> line = Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(9, Arbitraries.of(LINES)),
                net.jqwik.api.Tuple.of(1, Arbitraries.strings().ofMaxLength(12)));
        return line.list().ofMaxSize(14).map(lines -> String.join("\n", lines));
    }

    /** What comes out is a definition, or a sentence that names a line of the file. */
    @Property(tries = 3000)
    void everyTextIsUnderstoodOrRefusedWithItsPlace(@ForAll("definitions") String text) {
        try {
            Definition definition = Definition.parse("f", text, Map.of("A", "va\nlue"));
            assertThat(definition.stages()).isNotEmpty().allSatisfy(stage -> assertThat(stage.bootstrap()).isNotEmpty());
        } catch (UserException e) {
            assertThat(e.getMessage()).matches("(?s)f:\\d+:\\d+: .*");
            int line = Integer.parseInt(e.getMessage().split(":")[1]);
            assertThat(line).isBetween(1, Math.max(1, text.split("\n", -1).length));
            assertThat(e.nextStep()).isPresent();
        }
    }

    /** A definition without variables is kept as it is, and means the same when it is read again. */
    @Property(tries = 1000)
    void keptTextMeansTheSame(@ForAll("definitions") String text) {
        Definition definition;
        try {
            definition = Definition.parse("f", text, Map.of("A", "1"));
        } catch (UserException refused) {
            return;
        }
        if (definition.text().contains("{{")) {
            return;
        }
        assertThatCode(() -> assertThat(Definition.parse("f", definition.text(), Map.of()).stages().stream()
                .map(Stage::scripts).collect(Collectors.toList()))
                .isEqualTo(definition.stages().stream().map(Stage::scripts).collect(Collectors.toList()))).doesNotThrowAnyException();
    }
}
