package io.sifter.cli.terminal;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.OptionalLong;

/** Progress bars as the user guide shows them: eighty columns with sizes, bar and time. */
final class Bar {
    /** As wide as the user guide's, where there is room. */
    static final int USUAL_WIDTH = 80;

    private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB"};
    private static final int LEAST_BAR = 3;

    private Bar() {}

    /** The line that stays when everything is there. */
    static String finished(long bytes, Duration time, int width) {
        return line(sizes(bytes, bytes), bytes, bytes, " " + time(time), width);
    }

    /** The line while bytes arrive. */
    static String running(long bytes, OptionalLong total, Duration time, int width) {
        return total.isEmpty() ? " " + size(bytes) + " " + time(time)
                : line(sizes(bytes, total.getAsLong()), bytes, total.getAsLong(), " " + time(time), width);
    }

    /** The line that stays when a whole file is there, with its speed. */
    static String finishedFile(long bytes, Duration time, int width) {
        return line(sizes(bytes, bytes), bytes, bytes, " 100.00% " + speed(bytes, time) + " " + time(time), width);
    }

    /** The line while a whole file arrives. */
    static String runningFile(long bytes, OptionalLong total, Duration time, int width) {
        String tail = " " + speed(bytes, time) + " " + time(time);
        if (total.isEmpty()) {
            return " " + size(bytes) + tail;
        }
        long whole = Math.max(1, total.getAsLong());
        return line(sizes(bytes, whole), bytes, whole, " " + decimals(100.0 * Math.min(bytes, whole) / whole) + "%" + tail, width);
    }

    private static String sizes(long bytes, long total) {
        return " " + size(bytes) + " / " + size(total) + " ";
    }

    private static String line(String head, long bytes, long total, String tail, int width) {
        int room = width - head.length() - tail.length() - 2;
        if (room < LEAST_BAR) {
            return head + tail.strip();
        }
        if (bytes >= total) {
            return head + "[" + "=".repeat(room) + "]" + tail;
        }
        int done = (int) Math.min(room - 1, (double) bytes / total * room);
        return head + "[" + "=".repeat(done) + ">" + "-".repeat(room - done - 1) + "]" + tail;
    }

    /** Binary units with two decimals, bytes without. */
    static String size(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double scaled = bytes;
        int unit = -1;
        while (scaled >= 1024 && unit < UNITS.length - 1) {
            scaled /= 1024;
            unit++;
        }
        return decimals(scaled) + " " + UNITS[unit];
    }

    /** Two decimals, rounded as the reference does: ties of the binary value go to the even digit. */
    private static String decimals(double value) {
        return new BigDecimal(value).setScale(2, RoundingMode.HALF_EVEN).toPlainString();
    }

    private static String speed(long bytes, Duration time) {
        double seconds = Math.max(0.001, time.toNanos() / 1e9);
        return size((long) (bytes / seconds)) + "/s";
    }

    /** {@code 5s}, {@code 1m10s}, {@code 2h0m3s}. */
    static String time(Duration time) {
        long seconds = time.toSeconds();
        String text = seconds % 60 + "s";
        if (seconds >= 60) {
            text = seconds / 60 % 60 + "m" + text;
        }
        return seconds >= 3600 ? seconds / 3600 + "h" + text : text;
    }
}
