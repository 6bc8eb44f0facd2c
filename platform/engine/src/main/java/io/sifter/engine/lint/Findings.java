package io.sifter.engine.lint;

import io.sifter.spi.tree.RawName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gathers findings, each once, in the order of the checks. */
final class Findings {
    /** Longer texts of images and files are cut. */
    private static final int MAX_SHOWN = 80;
    /** Secrets are looked for in more than is shown, so that none is cut and then not known as one. */
    private static final int MAX_HIDDEN = 2048;
    private static final int MAX_TEXT = 1 << 14;

    private final Set<Check> wanted;
    private final Map<String, Finding> found = new LinkedHashMap<>();

    Findings(Set<Check> wanted) {
        this.wanted = wanted;
    }

    boolean wants(Check check) {
        return wanted.contains(check);
    }

    void add(Check check, Place place, String what, String instead) {
        if (wants(check)) {
            found.putIfAbsent("%s|%s|%s".formatted(check, place.text(), what), new Finding(check, place, what, instead));
        }
    }

    List<Finding> list() {
        List<Finding> list = new ArrayList<>(found.values());
        list.sort((one, other) -> one.check().compareTo(other.check()));
        return list;
    }

    /** Text of an image or a file, fit for a message: on one line, not too long, without control characters and without secrets. */
    static String shown(String text) {
        String line = RawName.display(RawName.of(SecretsPractice.hidden(cut(text, MAX_HIDDEN)).strip().replaceAll("\\s+", " ")));
        return line.codePointCount(0, line.length()) <= MAX_SHOWN ? line : line.substring(0, line.offsetByCodePoints(0, MAX_SHOWN - 1)) + "…";
    }

    /** As much of a text as is looked at where nobody writes more. */
    static String bounded(String text) {
        return cut(text, MAX_TEXT);
    }

    private static String cut(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length);
    }
}
