package io.sifter.cli;

import io.sifter.cli.options.Command;
import io.sifter.cli.options.CommandTable;
import io.sifter.cli.options.HelpText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes down what the program says about itself, when it is packaged, so that the launcher can say it without starting a JVM: one
 * file for the help of each command, named by its words with {@code _} between them, and {@code _version} and {@code _name_version}.
 */
public final class Answers {
    private Answers() {}

    /** @param words the directory to write to, made if it is not there */
    public static void main(String[] words) throws IOException {
        Path directory = Files.createDirectories(Path.of(words[0]));
        for (Command command : CommandTable.all()) {
            Files.writeString(directory.resolve(command.path().replace(' ', '_') + ".txt"), HelpText.help(command));
        }
        Files.writeString(directory.resolve("_version.txt"), ProgramVersion.text() + "\n");
        Files.writeString(directory.resolve("_name_version.txt"), HelpText.PROGRAM + " version " + ProgramVersion.text() + "\n");
    }
}
