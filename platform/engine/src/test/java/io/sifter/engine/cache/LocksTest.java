package io.sifter.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class LocksTest {
    @TempDir
    Path directory;

    @Test
    void oneThreadAtATimeHoldsALock() throws Exception {
        Locks locks = new Locks(Cache.at(directory));
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = Thread.ofPlatform().start(() -> {
                for (int round = 0; round < 50; round++) {
                    try (Locks.Held _ = locks.take("name", () -> {})) {
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        inside.decrementAndGet();
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(most).hasValue(1);
    }

    @Test
    void aWaiterIsToldAndGetsTheLockWhenTheHolderIsGone() throws Exception {
        Cache cache = Cache.at(directory);
        Locks holder = new Locks(cache);
        CountDownLatch waiting = new CountDownLatch(1);
        Locks.Held held = holder.take("name", () -> {});
        Thread waiter = Thread.ofPlatform().start(() -> {
            try (Locks.Held got = holder.take("name", waiting::countDown)) {
                assertThat(got.exclusive()).isTrue();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        waiting.await();
        assertThat(waiter.isAlive()).isTrue();

        held.close();
        waiter.join();
    }

    @Test
    void locksAreSeenByOtherProcesses() throws Exception {
        Cache cache = Cache.at(directory);
        try (Locks.Held _ = new Locks(cache).take("name", () -> {})) {
            Process other = new ProcessBuilder("flock", "--nonblock", "--fcntl", cache.lock("name").toString(), "true").start();
            // util-linux before 2.41 has no --fcntl; then the lock cannot be looked at from outside this way.
            int code = other.waitFor();
            assertThat(code).isNotZero();
        }
        try (FileChannel free = FileChannel.open(cache.lock("name"), StandardOpenOption.WRITE); FileLock lock = free.tryLock()) {
            assertThat(lock).isNotNull();
        }
    }
}
