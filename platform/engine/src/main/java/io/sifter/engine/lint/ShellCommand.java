package io.sifter.engine.lint;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A simple command of a shell script: words and redirections, quotes taken away, nothing expanded.
 *
 * @param words without what stands before the program: {@code sudo}, {@code exec}, {@code if}; assignments are words
 * @param wrappers what stood before it
 * @param written files that its output goes to
 * @param before operator between the command before and this one; empty for the first
 * @param after operator that ends it
 */
record ShellCommand(List<Word> words, List<String> wrappers, List<Word> written, String before, String after) {
    static final Pattern ASSIGNMENT = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*=.*", Pattern.DOTALL);
    private static final Set<String> EXPORTS = Set.of("export", "declare", "typeset", "readonly", "local");

    /**
     * @param line in the script, from 1
     * @param column from 1
     */
    record Word(String text, int line, int column) {
        boolean assigns() {
            return ASSIGNMENT.matcher(text).matches();
        }

        /** The left side of an assignment. */
        String name() {
            return text.substring(0, text.indexOf('='));
        }

        /** The right side of an assignment. */
        String value() {
            return text.substring(text.indexOf('=') + 1);
        }
    }

    /** The name of the program, without its directory; empty for assignments alone. */
    String program() {
        return words.stream().filter(word -> !word.assigns()).findFirst().map(word -> word.text().substring(word.text().lastIndexOf('/') + 1)).orElse("");
    }

    /** What follows the program. */
    List<Word> arguments() {
        for (int i = 0; i < words.size(); i++) {
            if (!words.get(i).assigns()) {
                return words.subList(i + 1, words.size());
            }
        }
        return List.of();
    }

    /** Arguments that are no options. */
    List<Word> operands() {
        return arguments().stream().filter(word -> !word.text().startsWith("-")).toList();
    }

    boolean has(String... options) {
        return arguments().stream().anyMatch(word -> Stream.of(options).anyMatch(option -> word.text().equals(option) || word.text().startsWith(option + "=")));
    }

    /** Whether it is the program with these first operands, as in {@code git clone}. */
    boolean is(String program, String... first) {
        List<String> operands = operands().stream().map(Word::text).toList();
        return program().equals(program) && operands.size() >= first.length && operands.subList(0, first.length).equals(List.of(first));
    }

    /** Assignments that stay: by themselves, or exported. */
    List<Word> assignments() {
        if (program().isEmpty() || EXPORTS.contains(program())) {
            return words.stream().filter(Word::assigns).toList();
        }
        return List.of();
    }

    boolean exports() {
        return EXPORTS.contains(program());
    }

    /** Where it may fail without consequence. */
    boolean optional() {
        return after.equals("||");
    }

    /** The files that it makes, changes or removes, as far as they are named. */
    List<Word> changed() {
        List<Word> changed = new ArrayList<>(written);
        List<Word> operands = operands();
        switch (program()) {
            case "tee", "mkdir", "rmdir", "touch", "rm", "truncate", "unlink", "mkfifo" -> changed.addAll(operands);
            case "cp", "mv", "ln", "install" -> {
                if (operands.size() > 1) {
                    changed.add(operands.getLast());
                }
            }
            case "chmod", "chown", "chgrp" -> changed.addAll(operands.stream().skip(1).toList());
            case "sed", "perl" -> {
                if (arguments().stream().anyMatch(word -> word.text().startsWith("-i") || word.text().startsWith("--in-place"))) {
                    changed.addAll(operands.stream().skip(1).toList());
                }
            }
            default -> { }
        }
        return changed;
    }
}
