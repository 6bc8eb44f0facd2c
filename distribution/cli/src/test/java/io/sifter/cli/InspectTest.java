package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.cli.options.CommandTable;
import io.sifter.cli.options.Invocation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InspectTest {
    private static final Map<String, Object> ATTRIBUTES = Map.of(
            "apps", Map.of("foo", Map.of("runscript", "#!/bin/sh\nfoo", "labels", Map.of("k", "v")), "bar", Map.of("helpfile", "help")),
            "environment", Map.of("/.singularity.d/env/90-environment.sh", "#!/bin/sh\nX=1", "/.singularity.d/env/10-docker2singularity.sh", "#!/bin/sh"),
            "labels", Map.of("org.label-schema.schema-version", "1.0", "org.label-schema.build-date", "Thursday_6_December_2018_17:29:48_UTC"),
            "runscript", "#!/bin/sh\necho",
            "deffile", "bootstrap: docker\nfrom: lolcow");

    private static String show(String line) throws Exception {
        Invocation invocation = Invocation.parse(CommandTable.full(), List.of(line.split(" ")));
        return Inspect.show(Inspect.request(invocation.values(), invocation.arguments()), ATTRIBUTES);
    }

    @Test
    void labelsAreTheJsonObjectOfTheUserGuide() throws Exception {
        String expected = """

                {
                    "org.label-schema.build-date": "Thursday_6_December_2018_17:29:48_UTC",
                    "org.label-schema.schema-version": "1.0"
                }
                """;

        assertThat(show("inspect x.sif")).isEqualTo(expected);
        assertThat(show("inspect --labels x.sif")).isEqualTo(expected);
    }

    @Test
    void textsFollowAnEmptyLine() throws Exception {
        assertThat(show("inspect --deffile x.sif")).isEqualTo("\nbootstrap: docker\nfrom: lolcow\n");
        assertThat(show("inspect -r x.sif")).isEqualTo("\n#!/bin/sh\necho\n");
        assertThat(show("inspect -r -d x.sif")).isEqualTo("\nbootstrap: docker\nfrom: lolcow\n#!/bin/sh\necho\n");
    }

    @Test
    void environmentScriptsHaveHeadings() throws Exception {
        assertThat(show("inspect -e x.sif")).isEqualTo("""

                === /.singularity.d/env/10-docker2singularity.sh ===
                #!/bin/sh

                === /.singularity.d/env/90-environment.sh ===
                #!/bin/sh
                X=1

                """);
    }

    @Test
    void whatIsMissingLeavesNothing() throws Exception {
        assertThat(show("inspect --test x.sif")).isEmpty();
        assertThat(show("inspect --app nosuch x.sif")).isEmpty();
        assertThat(show("inspect --app nosuch --runscript x.sif")).isEmpty();
    }

    @Test
    void appsAreListedAndShown() throws Exception {
        assertThat(show("inspect --list-apps x.sif")).isEqualTo("\nbar\nfoo\n");
        assertThat(show("inspect --app foo -r x.sif")).isEqualTo("\n#!/bin/sh\nfoo\n");
        assertThat(show("inspect --app foo x.sif")).isEqualTo("\n{\n    \"k\": \"v\"\n}\n");
    }

    @Test
    void jsonHoldsWhatIsChosen() throws Exception {
        assertThat(show("inspect --json -r x.sif"))
                .isEqualTo("{\n\t\"data\": {\n\t\t\"attributes\": {\n\t\t\t\"runscript\": \"#!/bin/sh\\necho\"\n\t\t}\n\t},\n\t\"type\": \"container\"\n}\n");
        assertThat(show("inspect --json --app foo x.sif")).contains("\"apps\": {\n\t\t\t\t\"foo\": {\n\t\t\t\t\t\"labels\": {");
        assertThat(show("inspect --all x.sif")).contains("\"apps\"", "\"environment\"", "\"labels\"", "\"runscript\"", "\"deffile\"");
        assertThat(show("inspect --json --list-apps x.sif")).contains("\"foo\"", "\"bar\"").doesNotContain("\"deffile\"");
    }
}
