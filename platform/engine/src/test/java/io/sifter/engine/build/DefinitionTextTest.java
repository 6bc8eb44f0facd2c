package io.sifter.engine.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.definition.Definition;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Platform;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DefinitionTextTest {
    private static final String FULL = """
            Bootstrap: scratch
            %help
              Help
            %labels
              Author me
            %environment
              export A=b
            %runscript /bin/bash
              echo run
            %startscript

              #!/bin/dash -e
              start
            %test
              true
            """;

    private final List<Event> events = new ArrayList<>();
    private TreeRoot root;

    @BeforeEach
    void makeRoot() throws Exception {
        root = new TreeRoot(Base.empty(Platform.linux("amd64"), Instant.EPOCH).tree().root(), 0);
    }

    private void write(String definition, List<String> sections, boolean force) throws Exception {
        new DefinitionText(root, Selection.of(sections), force, events::add)
                .write(Definition.parse("x.def", definition, Map.of()), Instant.EPOCH, "amd64", "1.0");
    }

    private String read(String name) throws Exception {
        return root.read(".singularity.d/" + name).orElse("nothing");
    }

    @Test
    void everySectionHasItsFile() throws Exception {
        write(FULL, List.of(), false);

        assertThat(read("runscript.help")).isEqualTo("  Help\n\n");
        assertThat(read("env/90-environment.sh")).endsWith("\n\n  export A=b\n\n");
        assertThat(read("runscript")).isEqualTo("#!/bin/sh /bin/bash\n\n  echo run\n\n");
        assertThat(read("startscript")).isEqualTo("#!/bin/dash -e\n\n  start\n\n");
        assertThat(read("test")).isEqualTo("#!/bin/sh\n\n  true\n\n");
        assertThat(read("Singularity")).isEqualTo(FULL);
        assertThat(read("labels.json")).contains("\"Author\": \"me\"", "\"org.label-schema.usage\": \"/.singularity.d/runscript.help\"",
                "deffile.bootstrap\": \"scratch\"");
        assertThat(events).containsExactly(Event.info("Adding help info"), Event.info("Adding labels"), Event.info("Adding environment to container"),
                Event.info("Adding startscript"), Event.info("Adding runscript"), Event.info("Adding testscript"));
    }

    @Test
    void onlyWhatIsChosenIsWritten() throws Exception {
        write(FULL, List.of("labels", "nonsense"), false);

        assertThat(read("runscript.help")).isEqualTo("nothing");
        assertThat(read("test")).isEqualTo("nothing");
        assertThat(read("labels.json")).contains("Author");
        assertThat(events).containsExactly(Event.info("Adding labels"));

        write(FULL, List.of("none"), false);
        assertThat(events).hasSize(1);
    }

    @Test
    void allAndNoneStandAlone() {
        assertThatThrownBy(() -> Selection.of(List.of("all", "post"))).isInstanceOf(UserException.class).hasMessage("cannot have all and any other option");
        assertThatThrownBy(() -> Selection.of(List.of("post", "none"))).isInstanceOf(UserException.class).hasMessage("cannot have none and any other option");
    }

    @Test
    void whatIsThereStaysUnlessForced() throws Exception {
        write(FULL, List.of(), false);
        events.clear();
        String other = FULL.replace("Author me", "Author you").replace("Help", "More");

        write(other, List.of(), false);

        assertThat(read("labels.json")).contains("\"Author\": \"me\"");
        assertThat(read("runscript.help")).isEqualTo("  Help\n\n");
        assertThat(events).contains(Event.warning("Label: Author already exists and force option is false, not overwriting"),
                Event.warning("Help message already exists and force option is false, not overwriting"));
        assertThat(read("bootstrap_history/Singularity0")).isEqualTo(FULL);

        write(other, List.of(), true);

        assertThat(read("labels.json")).contains("\"Author\": \"you\"");
        assertThat(read("runscript.help")).isEqualTo("  More\n\n");
        assertThat(read("bootstrap_history/Singularity1")).isEqualTo(other);
    }

    @Test
    void labelsOfScriptsAreTakenAndTheirFileGoes() throws Exception {
        root.write(DefinitionText.BUILD_LABELS, "one two three\n\nfour\n", 0644);

        write("Bootstrap: scratch\n", List.of(), false);

        assertThat(read("labels.json")).contains("\"one\": \"two three\"", "\"four\": \"\"");
        assertThat(root.read(DefinitionText.BUILD_LABELS)).isEqualTo(Optional.empty());
    }

    @Test
    void appsAreLaidOutInTheImage() throws Exception {
        Definition definition = Definition.parse("x.def", """
                Bootstrap: scratch
                %apprun a-b
                  run
                %appenv a-b
                  A=1
                %applabels a-b
                  L 1
                %appinstall a-b
                  make
                %apphelp other
                  help
                """, Map.of());
        var apps = definition.last().apps().values();

        new Apps(root).write(apps);

        assertThat(root.read("scif/apps/a-b/scif/runscript")).contains("#!/bin/sh\n\n  run\n\n");
        assertThat(root.read("scif/apps/a-b/scif/env/90-environment.sh")).contains("  A=1\n");
        assertThat(root.read("scif/apps/a-b/scif/env/01-base.sh").orElseThrow()).contains("SCIF_APPROOT=\"/scif/apps/a-b\"");
        assertThat(root.read("scif/apps/a-b/scif/labels.json").orElseThrow()).contains("\"L\": \"1\"", "\"SCIF_APP_NAME\": \"a-b\"");
        assertThat(root.read("scif/apps/other/scif/runscript.help")).contains("  help\n");
        assertThat(read("env/94-appsbase.sh")).contains("SCIF_APPDATA_a_b=/scif/data/a-b", "SCIF_APPRUN_a_b=", "SCIF_APPDATA_other=")
                .doesNotContain("SCIF_APPRUN_other");
        assertThat(Apps.install(apps)).isEqualTo("cd /\n. /scif/apps/a-b/scif/env/01-base.sh\ncd /scif/apps/a-b\n  make\ncd /\n");
    }
}
