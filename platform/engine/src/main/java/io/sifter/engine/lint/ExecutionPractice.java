package io.sifter.engine.lint;

import io.sifter.engine.definition.Stage;
import io.sifter.image.document.ImageConfig;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * What runs. Signs: a definition without {@code %runscript} (or {@code %apprun}); an image whose configuration decides, where it has both
 * ENTRYPOINT and CMD, or neither, or ENTRYPOINT in a shell's form, which loses arguments; a program to start that is not in the image. CMD alone,
 * or ENTRYPOINT alone, is no sign.
 */
final class ExecutionPractice implements Practice {
    private static final String INSTEAD = "Write a %runscript that says what runs, and what becomes of arguments: exec PROGRAM \"$@\".";

    @Override
    public void definition(DefinitionSubject definition, Findings findings) {
        StageText last = definition.last();
        if (!last.has("runscript") && last.stage().apps().values().stream().noneMatch(app -> app.scripts().containsKey(Stage.AppSection.RUN))) {
            boolean bare = List.of("scratch", "debootstrap", "busybox", "yum", "dnf", "zypper", "arch").contains(last.stage().bootstrap());
            findings.add(Check.EXECUTION, definition.place(last.line("bootstrap")), bare
                    ? "There is no %runscript, so running the image starts a shell or nothing"
                    : "There is no %%runscript, so what runs is left to %s".formatted(last.stage().key("from").map(Findings::shown).orElse("the base")),
                            INSTEAD);
        }
    }

    @Override
    public void image(ImageSubject image, Findings findings) throws IOException {
        boolean own = image.text(ImageSubject.RUNSCRIPT).isPresent() && !image.interpretsConfiguration(ImageSubject.RUNSCRIPT);
        Optional<ImageConfig> config = image.config();
        if (own || config.isEmpty()) {
            return;
        }
        List<String> entrypoint = config.get().entrypoint();
        List<String> cmd = config.get().cmd();
        if (entrypoint.isEmpty() && cmd.isEmpty()) {
            findings.add(Check.EXECUTION, new Place.InConfiguration("Entrypoint, Cmd"),
                    "There is neither ENTRYPOINT nor CMD, so running the image starts a shell", INSTEAD);
        } else if (!entrypoint.isEmpty() && !cmd.isEmpty()) {
            findings.add(Check.EXECUTION, new Place.InConfiguration("Entrypoint, Cmd"),
                    "ENTRYPOINT (%s) and CMD (%s) share what runs: arguments replace CMD alone"
                    .formatted(Findings.shown(String.join(" ", entrypoint)), Findings.shown(String.join(" ", cmd))), INSTEAD);
        }
        if (entrypoint.size() > 2 && entrypoint.get(0).matches("(/usr)?(/bin/)?(ba|da)?sh") && entrypoint.get(1).matches("-\\w*c")
                && !entrypoint.get(2).contains("$@")
                && !entrypoint.get(2).contains("$0")) {
            findings.add(Check.EXECUTION, new Place.InConfiguration("Entrypoint"), "ENTRYPOINT is a line for a shell (%s), which passes over arguments"
                    .formatted(Findings.shown(entrypoint.get(2))), INSTEAD);
        }
        image.commandWord().filter(word -> image.locate(word).isEmpty()).ifPresent(word -> findings.add(Check.EXECUTION,
                new Place.InConfiguration(entrypoint.isEmpty() ? "Cmd" : "Entrypoint"),
                        "The program to start is not in the image: %s".formatted(Findings.shown(word)),
                "Name a program that is there, by its path."));
    }
}
