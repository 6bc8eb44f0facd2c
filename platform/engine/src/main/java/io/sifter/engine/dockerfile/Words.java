package io.sifter.engine.dockerfile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Words of Dockerfiles: JSON lists, words with quotes, and how both are said to a shell. */
final class Words {
    private Words() {}

    /** The words of a list such as {@code ["a", "b"]}; nothing if the text is none. */
    static Optional<List<String>> list(String text) {
        String inner = text.strip();
        if (!inner.startsWith("[") || !inner.endsWith("]")) {
            return Optional.empty();
        }
        List<String> words = new ArrayList<>();
        int at = 1;
        while (true) {
            at = blanks(inner, at);
            if (inner.charAt(at) == ']') {
                return at == inner.length() - 1 && words.isEmpty() ? Optional.of(words) : Optional.empty();
            }
            if (inner.charAt(at) != '"') {
                return Optional.empty();
            }
            StringBuilder word = new StringBuilder();
            for (at++; inner.charAt(at) != '"'; at++) {
                char c = inner.charAt(at);
                if (c == '\\' && at + 1 < inner.length() - 1) {
                    c = switch (inner.charAt(++at)) {
                        case 'n' -> '\n';
                        case 't' -> '\t';
                        default -> inner.charAt(at);
                    };
                }
                word.append(c);
                if (at + 1 >= inner.length()) {
                    return Optional.empty();
                }
            }
            words.add(word.toString());
            at = blanks(inner, at + 1);
            if (inner.charAt(at) == ']' && at == inner.length() - 1) {
                return Optional.of(words);
            }
            if (inner.charAt(at++) != ',' || at >= inner.length()) {
                return Optional.empty();
            }
        }
    }

    private static int blanks(String text, int from) {
        int at = from;
        while (at < text.length() - 1 && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /** Words between blanks; quotes and backslashes stay in them. */
    static List<String> split(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(c).append(text.charAt(++i));
            } else if (quote == 0 && Character.isWhitespace(c)) {
                if (!word.isEmpty()) {
                    words.add(word.toString());
                    word.setLength(0);
                }
            } else {
                quote = quote == 0 && (c == '"' || c == '\'') ? c : c == quote ? 0 : quote;
                word.append(c);
            }
        }
        if (!word.isEmpty()) {
            words.add(word.toString());
        }
        return words;
    }

    /** A word without its quotes, as it is said to a shell in double quotes: variables are replaced there, nothing else is. */
    static String inDoubleQuotes(String word) {
        StringBuilder text = new StringBuilder("\"");
        char quote = 0;
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (quote != '\'' && c == '\\' && i + 1 < word.length()) {
                char next = word.charAt(++i);
                text.append(quote == '"' && "\"\\$`".indexOf(next) < 0 ? "\\\\" : "").append("\"\\$`".indexOf(next) >= 0 ? "\\" : "").append(next);
            } else if (c == quote) {
                quote = 0;
            } else if (quote == 0 && (c == '"' || c == '\'')) {
                quote = c;
            } else if (c == '"' || c == '`' || c == '\\' || quote == '\'' && c == '$') {
                text.append('\\').append(c);
            } else {
                text.append(c);
            }
        }
        return text.append('"').toString();
    }

    /** A word without its quotes and escapes. */
    static String plain(String word) {
        String quoted = inDoubleQuotes(word);
        return quoted.substring(1, quoted.length() - 1).replaceAll("\\\\([\"\\\\$`])", "$1");
    }

    /** Words as a shell takes them, nothing in them replaced. */
    static String literal(List<String> words) {
        return String.join(" ", words.stream().map(Words::literal).toList());
    }

    static String literal(String word) {
        return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\"'\"'") + "'";
    }
}
