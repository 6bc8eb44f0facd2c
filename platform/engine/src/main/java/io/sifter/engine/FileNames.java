package io.sifter.engine;

import io.sifter.spi.reference.Reference;

/** How a pulled image is called when nobody names it. */
public final class FileNames {
    private FileNames() {}

    /**
     * {@code name_tag.sif}, by the last component of the reference split at its first colon; files of {@code http} keep
     * their name, without the query. {@code docker://godlovedc/lolcow} gives {@code lolcow_latest.sif}.
     */
    public static String of(Reference reference) {
        boolean file = reference.transport().equals("http") || reference.transport().equals("https");
        String path = file ? reference.path().split("[?#]", 2)[0] : reference.path();
        while (path.startsWith("/")) {
            path = path.substring(1);
        }
        while (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        String last = path.substring(path.lastIndexOf('/') + 1);
        if (file) {
            return last;
        }
        String[] parts = last.split(":", 3);
        String tag = parts.length > 1 && !parts[1].isEmpty() ? parts[1].split(",", 2)[0] : "latest";
        return parts[0] + "_" + tag + ".sif";
    }
}
