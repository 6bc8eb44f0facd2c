package io.sifter.engine.definition;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * One stage of a definition.
 *
 * @param text as it stands in the file, variables replaced
 * @param numbers for each line of the text, which line of the file it stands in
 * @param header keys in lower case, in order, with their values; {@code bootstrap} is always there
 * @param places where each of these keys stands, {@code file:line:column}
 * @param scripts sections that are one text each; those that the file lacks are missing
 * @param files in the order of their sections
 * @param labels of {@code %labels}, in order
 * @param apps of SCIF, by name, in order
 */
public record Stage(String text, List<Integer> numbers, Map<String, String> header, Map<String, String> places, Map<Section, Script> scripts, List<Copies> files,
                    Map<String, String> labels, Map<String, App> apps) {
    /** Sections that are one text. */
    public enum Section {
        PRE, SETUP, POST, ENVIRONMENT, RUNSCRIPT, STARTSCRIPT, TEST, HELP;

        /** As written after {@code %}. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Sections of an app that are one text. */
    public enum AppSection {
        INSTALL, RUN, START, TEST, HELP, ENV;

        /** As written after {@code %}. */
        @Override
        public String toString() {
            return "app" + name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The text of a section, whose repetitions are joined.
     *
     * @param arguments what follows the section's name in its line
     */
    public record Script(String arguments, String text) {}

    /**
     * Files to copy.
     *
     * @param stage they come from; without one they come from the host
     */
    public record Copies(Optional<String> stage, List<Copy> entries) {
        public Copies {
            entries = List.copyOf(entries);
        }
    }

    /**
     * One line of {@code %files}.
     *
     * @param source may hold wildcards
     * @param destination in the container; empty for the same path as the source
     */
    public record Copy(String source, String destination) {}

    /** An app of SCIF, with what its sections say. */
    public record App(String name, Map<AppSection, Script> scripts, List<Copy> files, Map<String, String> labels) {
        public App {
            scripts = sorted(AppSection.class, scripts);
            files = List.copyOf(files);
            labels = ordered(labels);
        }
    }

    public Stage {
        numbers = List.copyOf(numbers);
        header = ordered(header);
        places = ordered(places);
        scripts = sorted(Section.class, scripts);
        files = List.copyOf(files);
        labels = ordered(labels);
        apps = ordered(apps);
    }

    private static <V> Map<String, V> ordered(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    private static <K extends Enum<K>, V> Map<K, V> sorted(Class<K> keys, Map<K, V> map) {
        Map<K, V> copy = new EnumMap<>(keys);
        copy.putAll(map);
        return Collections.unmodifiableMap(copy);
    }

    /** The agent. */
    public String bootstrap() {
        return header.getOrDefault("bootstrap", "");
    }

    /** A key of the header, empty values left out. */
    public Optional<String> key(String key) {
        return Optional.ofNullable(header.get(key)).filter(value -> !value.isEmpty());
    }

    /** Where a key of the header stands. */
    public String place(String key) {
        return places.getOrDefault(key, "");
    }

    public Optional<Script> script(Section section) {
        return Optional.ofNullable(scripts.get(section));
    }
}
