package io.sifter.engine.lint;

import io.sifter.engine.lint.ShellCommand.Word;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/**
 * Cuts a shell script into simple commands. What the shell would do when it runs, this cannot know: variables, substitutions and functions stay as
 * they are written, both branches of a condition count, and of a script with mistakes it makes what it can.
 */
final class ShellScript {
    /** What may stand before a command and is not the command. */
    private static final Set<String> BEFORE = Set.of("if", "then", "elif", "else", "while", "until", "do", "!", "{", "exec", "command", "builtin",
            "nohup", "time", "sudo", "env");

    /** Longer words are cut: nobody writes such names of files and variables. */
    private static final int MAX_WORD = 4096;

    private final String text;
    private final List<ShellCommand> commands = new ArrayList<>();
    private final Deque<Heredoc> heredocs = new ArrayDeque<>();
    private int at;
    private int line = 1;
    private int lineStart;
    private List<Word> words = new ArrayList<>();
    private List<Word> written = new ArrayList<>();
    private String before = "";

    private record Heredoc(String end, boolean tabs) {}

    private ShellScript(String text) {
        this.text = text;
    }

    static List<ShellCommand> commands(String text) {
        return new ShellScript(text).parse();
    }

    private List<ShellCommand> parse() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                end("\n");
                newLine();
                skipHeredocs();
            } else if (c == '\\' && next() == '\n') {
                at++;
                newLine();
            } else if (Character.isWhitespace(c)) {
                at++;
            } else if (c == '#') {
                skipComment();
            } else if (c == '<' || c == '>' || c == '&' && next() == '>') {
                redirect();
            } else if (c == ';' || c == '&' || c == '|' || c == '(' || c == ')') {
                boolean twice = next() == c && c != '(' && c != ')';
                String operator = twice ? text.substring(at, at + 2) : String.valueOf(c);
                at += operator.length();
                end(operator);
            } else {
                Word word = word();
                if (!(isNumber(word.text()) && at < text.length() && (text.charAt(at) == '>' || text.charAt(at) == '<'))) {
                    words.add(word);
                }
            }
        }
        end("");
        return commands;
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private char next() {
        return at + 1 < text.length() ? text.charAt(at + 1) : '\0';
    }

    private void newLine() {
        at++;
        line++;
        lineStart = at;
    }

    private void skipComment() {
        while (at < text.length() && text.charAt(at) != '\n') {
            at++;
        }
    }

    private void skipHeredocs() {
        while (!heredocs.isEmpty()) {
            Heredoc heredoc = heredocs.poll();
            while (at < text.length()) {
                int end = text.indexOf('\n', at);
                String one = text.substring(at, end < 0 ? text.length() : end);
                at = end < 0 ? text.length() - 1 : end;
                newLine();
                // In definitions, whole sections are often indented, though the shell would then look further.
                if ((heredoc.tabs ? one.stripLeading() : one).equals(heredoc.end) || one.strip().equals(heredoc.end)) {
                    break;
                }
            }
        }
    }

    private void redirect() {
        boolean both = text.charAt(at) == '&';
        at += both ? 1 : 0;
        boolean out = text.charAt(at) == '>';
        int start = at;
        while (at < text.length() && at - start < 3 && (text.charAt(at) == text.charAt(start))) {
            at++;
        }
        int times = at - start;
        boolean tabs = !out && times == 2 && at < text.length() && text.charAt(at) == '-';
        if (tabs || at < text.length() && (text.charAt(at) == '|' || text.charAt(at) == '&')) {
            at++;
        }
        while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
            at++;
        }
        if (at < text.length() && text.charAt(at) == '(') {
            // A process in place of a file: what it runs is cut like everything else.
            return;
        }
        if (at >= text.length() || text.charAt(at) == '\n') {
            return;
        }
        Word target = word();
        if (out && !isNumber(target.text()) && !target.text().equals("-")) {
            written.add(target);
        } else if (!out && times == 2) {
            heredocs.add(new Heredoc(target.text(), tabs));
        }
    }

    private Word word() {
        StringBuilder word = new StringBuilder();
        int startLine = line;
        int column = at - lineStart + 1;
        int start = at;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (Character.isWhitespace(c) || c == ';' || c == '&' || c == '|' || c == '<' || c == '>' || c == '(' || c == ')') {
                break;
            }
            switch (c) {
                case '\\' -> {
                    if (next() == '\n') {
                        at++;
                        newLine();
                    } else {
                        at++;
                        take(word);
                    }
                }
                case '\'' -> {
                    at++;
                    while (at < text.length() && text.charAt(at) != '\'') {
                        take(word);
                    }
                    at++;
                }
                case '"' -> quoted(word);
                case '$', '`' -> substitution(word);
                default -> take(word);
            }
        }
        if (at == start) {
            at++;
        }
        at = Math.min(at, text.length());
        return new Word(word.toString(), startLine, column);
    }

    private void quoted(StringBuilder word) {
        at++;
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at);
            if (c == '\\' && (next() == '"' || next() == '\\' || next() == '$' || next() == '`')) {
                at++;
                take(word);
            } else if (c == '$' || c == '`') {
                substitution(word);
            } else {
                take(word);
            }
        }
        at++;
    }

    /** A variable or what a command says, as it is written. */
    private void substitution(StringBuilder word) {
        char first = text.charAt(at);
        char open = next();
        take(word);
        if (first == '`') {
            while (at < text.length() && text.charAt(at) != '`') {
                take(word);
            }
            if (at < text.length()) {
                take(word);
            }
        } else if (open == '(' || open == '{') {
            char close = open == '(' ? ')' : '}';
            int depth = 0;
            while (at < text.length()) {
                char c = text.charAt(at);
                depth += c == open ? 1 : c == close ? -1 : 0;
                take(word);
                if (depth == 0) {
                    return;
                }
            }
        }
    }

    private void take(StringBuilder word) {
        if (at < text.length()) {
            char c = text.charAt(at);
            if (word.length() < MAX_WORD) {
                word.append(c);
            }
            if (c == '\n') {
                newLine();
            } else {
                at++;
            }
        }
    }

    private void end(String operator) {
        int first = 0;
        List<String> wrappers = new ArrayList<>();
        while (first < words.size()) {
            String word = words.get(first).text();
            boolean option = !wrappers.isEmpty() && word.startsWith("-") && !word.equals("-");
            if (!BEFORE.contains(word) && !option) {
                break;
            }
            wrappers.add(word);
            first++;
        }
        List<Word> rest = words.subList(first, words.size());
        if (!rest.isEmpty() || !written.isEmpty()) {
            commands.add(new ShellCommand(List.copyOf(rest), List.copyOf(wrappers), List.copyOf(written), before, operator));
            before = operator;
        } else if (!operator.equals("\n") || !before.equals("|")) {
            before = operator;
        }
        words = new ArrayList<>();
        written = new ArrayList<>();
    }
}
