package io.sifter.engine.build;

import io.sifter.engine.concurrent.Concurrent;
import io.sifter.squashfs.foreign.NativeFunction;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Mounts that nobody else sees: a thread in a mount namespace of its own. What it starts is in there, too, and what is mounted there
 * goes with this process, however that ends. Closing it takes the mounts down.
 */
final class OwnMounts implements AutoCloseable {
    private static final int CLONE_NEWNS = 0x20000;

    private final ExecutorService thread = Executors.newSingleThreadExecutor(Thread.ofPlatform().name("mounts").daemon().factory());
    private final List<Path> points = new ArrayList<>();

    private OwnMounts() {}

    /** @throws IOException if this process may not have any */
    static OwnMounts open() throws IOException, InterruptedException {
        OwnMounts mounts = new OwnMounts();
        try {
            mounts.inside(() -> {
                unshareMounts();
                run(List.of("mount", "-n", "--make-rslave", "/"));
                return null;
            });
            return mounts;
        } catch (IOException | InterruptedException | RuntimeException e) {
            mounts.thread.close();
            throw e;
        }
    }

    /** Does something where the mounts can be seen. Interrupting the caller interrupts it. It makes no threads for others, which would be caught in there. */
    <T> T inside(Callable<T> task) throws IOException, InterruptedException {
        Future<T> future = thread.submit(task);
        try {
            return Concurrent.result(future);
        } catch (InterruptedException e) {
            future.cancel(true);
            throw e;
        }
    }

    /** Takes the mount point down when this is closed. */
    void add(Path point) {
        points.add(point);
    }

    /** What a program prints, if it ends well. */
    static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile())).start();
        String said = new String(process.getInputStream().readAllBytes()).strip();
        if (process.waitFor() != 0) {
            throw new IOException(said.isEmpty() ? command.getFirst() + " failed" : said);
        }
        return said;
    }

    @Override
    public void close() {
        if (!points.isEmpty()) {
            List<String> command = new ArrayList<>(List.of("umount", "-n", "-l"));
            points.reversed().forEach(point -> command.add(point.toString()));
            thread.submit(() -> run(command));
        }
        thread.close();
    }

    private static void unshareMounts() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            NativeFunction.Errno errno = new NativeFunction.Errno(arena);
            if ((int) NativeFunction.ofSystem("unshare").call(errno, CLONE_NEWNS) != 0) {
                throw new IOException("unshare(2) of mounts: errno %d".formatted(errno.value()));
            }
        }
    }
}
