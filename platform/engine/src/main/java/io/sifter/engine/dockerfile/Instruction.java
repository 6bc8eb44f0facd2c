package io.sifter.engine.dockerfile;

import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An instruction of a Dockerfile.
 *
 * @param line where it begins, from 1
 * @param word in upper case
 * @param text what follows, continued lines with their ends
 * @param documents here-documents that belong to it
 */
record Instruction(int line, String word, String text, List<Document> documents) {
    private static final Pattern DIRECTIVE = Pattern.compile("#\\s*(\\w+)\\s*=\\s*(\\S+)\\s*");
    private static final Pattern HERE = Pattern.compile("<<(-?)(['\"]?)(\\w+)\\2");

    /** @param name of the document, as it stands in the instruction */
    record Document(String name, String text) {}

    /** Cuts a Dockerfile into its instructions. */
    static List<Instruction> read(String file, String text) throws UserException {
        String[] lines = text.replace("\r\n", "\n").split("\n", -1);
        char escape = '\\';
        boolean directives = true;
        List<Instruction> all = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i].strip();
            if (line.isEmpty() || line.startsWith("#")) {
                Matcher directive = DIRECTIVE.matcher(line);
                if (directives && directive.matches() && directive.group(1).equalsIgnoreCase("escape")) {
                    escape = directive.group(2).charAt(0);
                }
                directives &= directive.matches();
                continue;
            }
            directives = false;
            int first = i;
            StringBuilder whole = new StringBuilder(lines[i].strip());
            while (!whole.isEmpty() && whole.charAt(whole.length() - 1) == escape && i + 1 < lines.length) {
                whole.setCharAt(whole.length() - 1, '\\');
                i++;
                while (i + 1 < lines.length && (lines[i].isBlank() || lines[i].strip().startsWith("#"))) {
                    i++;
                }
                whole.append('\n').append(lines[i].stripTrailing());
            }
            String instruction = whole.toString();
            int end = 0;
            while (end < instruction.length() && !Character.isWhitespace(instruction.charAt(end))) {
                end++;
            }
            String word = instruction.substring(0, end).toUpperCase(Locale.ROOT);
            List<Document> documents = new ArrayList<>();
            if (List.of("RUN", "COPY", "ADD").contains(word)) {
                Matcher here = HERE.matcher(instruction);
                while (here.find()) {
                    StringBuilder document = new StringBuilder();
                    int start = i + 1;
                    for (i++; i < lines.length && !(here.group(1).isEmpty() ? lines[i] : lines[i].stripLeading()).equals(here.group(3)); i++) {
                        document.append(here.group(1).isEmpty() ? lines[i] : lines[i].stripLeading()).append('\n');
                    }
                    if (i >= lines.length) {
                        throw new UserException("%s:%d:1: the here-document %s has no end".formatted(file, start, here.group(3)),
                                "Expected a line that says '%s'.".formatted(here.group(3)));
                    }
                    documents.add(new Document(here.group(3), document.toString()));
                }
            }
            all.add(new Instruction(first + 1, word, instruction.substring(end).strip(), documents));
        }
        return all;
    }

    /** The text on one line. */
    String joined() {
        return text.replaceAll("\\\\\n\\s*", " ").strip();
    }
}
