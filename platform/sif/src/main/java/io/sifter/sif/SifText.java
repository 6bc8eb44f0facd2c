package io.sifter.sif;

import io.sifter.spi.tree.RawName;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;

/** A SIF as people read it: the text of {@code sif header} and {@code sif list}. */
public final class SifText {
    private static final String RULE = "-".repeat(78) + "\n";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss '+0000 UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);
    /** The time that Go's zero value has on disk: images made without a clock. */
    private static final long NO_TIME = -62135596800L;
    private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private SifText() {}

    /** One aligned line for each thing that the header says; what it does not say has none. */
    public static String header(SifHeader header) {
        Map<String, String> lines = new LinkedHashMap<>();
        if (!header.launchScript().isEmpty()) {
            lines.put("Launch Script", printable(header.launchScript()));
        }
        lines.put("Version", "01");
        if (header.architecture() != Architecture.UNKNOWN) {
            lines.put("Primary Architecture", header.architecture().toString());
        }
        if (!header.id().equals(new UUID(0, 0))) {
            lines.put("ID", header.id().toString());
        }
        if (header.created() != NO_TIME) {
            lines.put("Created At", time(header.created()));
        }
        if (header.modified() != NO_TIME) {
            lines.put("Modified At", time(header.modified()));
        }
        lines.put("Descriptors Free", Long.toString(header.descriptorsFree()));
        lines.put("Descriptors Total", Long.toString(header.descriptorsTotal()));
        lines.put("Descriptors Offset", Long.toString(header.descriptorsOffset()));
        lines.put("Descriptors Size", size(header.descriptorsSize()));
        lines.put("Data Offset", Long.toString(header.dataOffset()));
        lines.put("Data Size", size(header.dataSize()));
        int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0) + 2;
        StringBuilder text = new StringBuilder();
        lines.forEach((label, value) -> text.append((label + ":" + " ".repeat(width)), 0, width).append(value).append('\n'));
        return text.toString();
    }

    /** The table of objects. */
    public static String list(SifImage image) {
        StringBuilder text = new StringBuilder(RULE).append("ID   |GROUP   |LINK    |SIF POSITION (start-end)  |TYPE\n").append(RULE);
        for (SifDescriptor d : image.descriptors()) {
            text.append("%-4d ".formatted(d.id()))
                    .append(number(d.groupNumber(), false))
                    .append(number(d.linkNumber(), d.linksGroup()))
                    .append("|%-26s|".formatted(d.offset() + "-" + (d.offset() + d.size())))
                    .append(d.describe()).append('\n');
        }
        return text.toString();
    }

    private static String number(OptionalInt number, boolean group) {
        if (number.isEmpty()) {
            return "|NONE    ";
        }
        return group ? "|%-3d (G) ".formatted(number.getAsInt()) : "|%-7d ".formatted(number.getAsInt());
    }

    /** A file that someone else made does not get to steer the terminal. */
    private static String printable(String text) {
        return RawName.display(RawName.of(text.stripTrailing()));
    }

    private static String time(long seconds) {
        return TIME.format(Instant.ofEpochSecond(Math.clamp(seconds, -62_167_219_200L, 253_402_300_799L)));
    }

    private static String size(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return "%.0f %s".formatted(value, UNITS[unit]);
    }
}
