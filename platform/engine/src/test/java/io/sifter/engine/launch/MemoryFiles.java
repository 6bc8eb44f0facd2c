package io.sifter.engine.launch;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** An image of a few lines. */
final class MemoryFiles implements ImageFiles {
    private final TreeMap<String, Entry> entries = new TreeMap<>();
    private final TreeMap<String, String> contents = new TreeMap<>();

    MemoryFiles directory(String... paths) {
        for (String path : paths) {
            entries.put(path, Entry.DIRECTORY);
        }
        return this;
    }

    MemoryFiles file(String path, String content) {
        entries.put(path, new Entry(Kind.FILE, "", false));
        contents.put(path, content);
        return this;
    }

    MemoryFiles program(String path) {
        entries.put(path, new Entry(Kind.FILE, "", true));
        return this;
    }

    MemoryFiles link(String path, String target) {
        entries.put(path, new Entry(Kind.LINK, target, false));
        return this;
    }

    /** What every image has that came from a layer of Debian. */
    static MemoryFiles usual() {
        return new MemoryFiles().directory("/etc", "/proc", "/sys", "/dev", "/tmp", "/var", "/var/tmp", "/home", "/root", "/usr", "/usr/bin", "/.singularity.d")
                .link("/bin", "usr/bin").program("/usr/bin/sh").file("/etc/hosts", "").file("/etc/resolv.conf", "").file("/etc/localtime", "")
                .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n").file("/etc/group", "root:x:0:\n");
    }

    @Override
    public Optional<Entry> entry(String path) {
        return path.equals("/") ? Optional.of(Entry.DIRECTORY) : Optional.ofNullable(entries.get(path));
    }

    @Override
    public List<String> list(String path) {
        List<String> names = new ArrayList<>();
        String prefix = path.equals("/") ? "/" : path + "/";
        for (String entry : entries.keySet()) {
            if (entry.startsWith(prefix) && entry.indexOf('/', prefix.length()) < 0) {
                names.add(entry.substring(prefix.length()));
            }
        }
        return names;
    }

    @Override
    public String read(String path, int max) {
        return contents.get(path);
    }

    @Override
    public void close() {}
}
