package io.sifter.image.directory;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Removes a directory and everything in it, however deep, without following a link and without leaving its file system.
 * Directories that deny their owner the right to remove what is in them are given it.
 */
public final class Removal {
    private record Step(String name, Iterator<String> names) {}

    private Removal() {}

    /**
     * Removes {@code name}, whatever it is; nothing happens if there is no such thing. Runs to its end even in a thread
     * that is interrupted.
     *
     * @throws IOException at the first thing that cannot be removed; the rest is still there
     */
    public static void remove(int directory, String name) throws IOException {
        LinuxFiles.Stat stat;
        try {
            stat = LinuxFiles.stat(directory, name);
        } catch (LinuxFiles.Failure e) {
            if (e.errno() == LinuxFiles.ENOENT) {
                return;
            }
            throw e;
        }
        if (stat.type() != LinuxFiles.Type.DIRECTORY) {
            LinuxFiles.remove(directory, name, false);
            return;
        }
        empty(directory, name, stat.device());
        LinuxFiles.remove(directory, name, true);
    }

    private static void empty(int parent, String top, long device) throws IOException {
        Deque<Step> way = new ArrayDeque<>();
        int current = open(parent, top);
        try {
            way.push(new Step(top, LinuxFiles.list(current).iterator()));
            while (true) {
                Step step = way.peek();
                if (!step.names.hasNext()) {
                    way.pop();
                    if (way.isEmpty()) {
                        return;
                    }
                    int up = LinuxFiles.openDirectory(current, "..");
                    LinuxFiles.close(current);
                    current = up;
                    LinuxFiles.remove(current, step.name, true);
                    continue;
                }
                String name = step.names.next();
                LinuxFiles.Stat stat = LinuxFiles.stat(current, name);
                if (stat.type() != LinuxFiles.Type.DIRECTORY) {
                    LinuxFiles.remove(current, name, false);
                    continue;
                }
                if (stat.device() != device) {
                    throw new IOException("Another file system is mounted on it");
                }
                int down = open(current, name);
                LinuxFiles.close(current);
                current = down;
                way.push(new Step(name, LinuxFiles.list(current).iterator()));
            }
        } finally {
            LinuxFiles.close(current);
        }
    }

    /** Opens a directory and makes sure that it can be changed. */
    private static int open(int parent, String name) throws IOException {
        int opened;
        try {
            opened = LinuxFiles.openDirectory(parent, name);
        } catch (LinuxFiles.Failure e) {
            if (e.errno() != LinuxFiles.EACCES) {
                throw e;
            }
            LinuxFiles.changeMode(parent, name, 0700);
            return LinuxFiles.openDirectory(parent, name);
        }
        try {
            LinuxFiles.Stat stat = LinuxFiles.stat(opened);
            if ((stat.mode() & 0700) != 0700 && stat.uid() == LinuxFiles.effectiveUser()) {
                LinuxFiles.changeMode(opened, 0700);
            }
            return opened;
        } catch (IOException e) {
            LinuxFiles.close(opened);
            throw e;
        }
    }
}
