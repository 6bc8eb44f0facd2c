package io.sifter.sink.sandbox;

import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Workers and the thread that gives them work, which does some itself when they cannot follow: so it never waits for a
 * worker that never comes. After the first failure nothing new is begun. One thread gives work.
 */
final class Crew {
    /** Jobs that wait; each may hold a directory open. */
    private static final int MAX_WAITING = 32;

    /** Something to do; {@link #drop} is called, always and last. */
    interface Job {
        void run() throws IOException, InterruptedException;

        void drop();
    }

    private final Executor workers;
    private final Queue<Job> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Object finished = new Object();

    Crew(Executor workers) {
        this.workers = workers;
    }

    void give(Job job) throws IOException, InterruptedException {
        unfinished.incrementAndGet();
        waiting.add(job);
        try {
            workers.execute(this::runNext);
        } catch (RejectedExecutionException e) {
            // Then this thread does it, here or in settle().
        }
        while (unfinished.get() > MAX_WAITING && runNext()) {
            check();
        }
        check();
    }

    /** Ends a long job early once another failed or its thread is interrupted. */
    void checkStopped() throws InterruptedException {
        if (failure.get() != null || Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    /** Waits until all is done. */
    void settle() throws IOException, InterruptedException {
        while (runNext()) {
            check();
        }
        synchronized (finished) {
            while (unfinished.get() > 0) {
                finished.wait();
            }
        }
        check();
    }

    /** Waits, whatever happens, until nobody does anything any more. */
    void dismiss() {
        failure.compareAndSet(null, new InterruptedException());
        while (runNext()) {
            // Only dropped, now that there is a failure.
        }
        boolean interrupted = false;
        synchronized (finished) {
            while (unfinished.get() > 0) {
                try {
                    finished.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean runNext() {
        Job job = waiting.poll();
        if (job == null) {
            return false;
        }
        try {
            if (failure.get() == null) {
                job.run();
            }
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        } finally {
            job.drop();
            if (unfinished.decrementAndGet() == 0) {
                synchronized (finished) {
                    finished.notifyAll();
                }
            }
        }
        return true;
    }

    /** Throws what stopped the crew, if anything did. */
    void check() throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        switch (failure.get()) {
            case null -> {}
            case IOException e -> throw e;
            case InterruptedException e -> throw e;
            case Error e -> throw e;
            case RuntimeException e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }
}
