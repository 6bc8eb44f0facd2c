package io.sifter.engine.build;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The labels of an image: what it had, and what the build adds. The added keys are those of the label-schema that
 * Singularity uses; they replace equal ones.
 */
final class Labels {
    /** Unpadded, in English, as {@code Thursday_6_December_2018_17:29:48_UTC}. */
    private static final DateTimeFormatter BUILD_DATE = DateTimeFormatter.ofPattern("EEEE_d_MMMM_yyyy_H:m:s_'UTC'", Locale.ENGLISH);
    private static final String USAGE = "org.label-schema.usage.singularity.";

    private Labels() {}

    /**
     * @param inherited of the source
     * @param header keys and values of the definition's header
     */
    static SortedMap<String, String> of(Map<String, String> inherited, Instant created, String architecture, String version,
                                        Map<String, String> header) {
        SortedMap<String, String> labels = new TreeMap<>(inherited);
        labels.put("org.label-schema.schema-version", "1.0");
        labels.put("org.label-schema.build-date", BUILD_DATE.format(ZonedDateTime.ofInstant(created, ZoneOffset.UTC)));
        labels.put("org.label-schema.build-arch", architecture);
        labels.put(USAGE + "version", version);
        header.forEach((key, value) -> labels.put(USAGE + "deffile." + key, value));
        return labels;
    }
}
