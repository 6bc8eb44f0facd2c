package io.sifter.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A slow network: forwards connections to a server and lets so many bytes a second come back, over all of them together, each answer
 * so much later. {@code Throttle HOST PORT MEGABYTES-PER-SECOND MILLISECONDS} prints its own port, on the loopback interface, and
 * serves until its standard input ends; then it prints when the last byte passed, in milliseconds since 1970.
 */
public final class Throttle {
    private static final int CHUNK = 32 << 10;

    private final String host;
    private final int port;
    private final double bytesPerNano;
    private final long delay;
    private final AtomicLong last = new AtomicLong();
    private long free = System.nanoTime();

    private Throttle(String host, int port, double megabytes, long delay) {
        this.host = host;
        this.port = port;
        this.bytesPerNano = megabytes / 1_000;
        this.delay = delay;
    }

    public static void main(String[] args) throws IOException {
        Throttle throttle = new Throttle(args[0], Integer.parseInt(args[1]), Double.parseDouble(args[2]),
                Long.parseLong(args[3]));
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            System.out.println(server.getLocalPort());
            Thread.ofPlatform().daemon().start(() -> throttle.serve(server));
            System.in.readAllBytes();
        }
        System.out.println(throttle.last.get());
    }

    private void serve(ServerSocket server) {
        try {
            while (true) {
                Socket client = server.accept();
                Socket target = new Socket(host, port);
                AtomicBoolean asked = new AtomicBoolean();
                Thread.ofPlatform().daemon().start(() -> forward(client, target, false, asked));
                Thread.ofPlatform().daemon().start(() -> forward(target, client, true, asked));
            }
        } catch (IOException closed) {
            // The end.
        }
    }

    /** @param asked whether the next byte begins an answer */
    private void forward(Socket from, Socket to, boolean slow, AtomicBoolean asked) {
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] chunk = new byte[CHUNK];
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                if (!slow) {
                    asked.set(true);
                } else {
                    if (asked.getAndSet(false)) {
                        Thread.sleep(delay);
                    }
                    await(n);
                    last.set(System.currentTimeMillis());
                }
                out.write(chunk, 0, n);
            }
        } catch (IOException | InterruptedException over) {
            // Whoever speaks on these connections learns it from their end.
        }
    }

    private void await(int bytes) throws InterruptedException {
        long until;
        synchronized (this) {
            // What was not used is lost but for a moment's worth, so that no burst follows a pause.
            free = Math.max(free, System.nanoTime() - 5_000_000) + (long) (bytes / bytesPerNano);
            until = free;
        }
        long rest = until - System.nanoTime();
        if (rest > 0) {
            Thread.sleep(rest / 1_000_000, (int) (rest % 1_000_000));
        }
    }
}
