package io.sifter.engine.concurrent;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs tasks side by side behind a call that looks sequential. */
public final class Concurrent {
    private Concurrent() {}

    /**
     * Runs every task, at most {@code width} at a time, begun in order; returns results in that order. The first failure
     * interrupts the rest, waits for them, and is thrown.
     */
    public static <T> List<T> all(int width, String name, List<? extends Callable<T>> tasks) throws IOException, InterruptedException {
        // Platform threads: the tasks compute as much as they wait.
        try (ExecutorService threads = Executors.newFixedThreadPool(width, Thread.ofPlatform().name(name + "-", 0).daemon().factory())) {
            var finished = new ExecutorCompletionService<T>(threads);
            List<Future<T>> started = new ArrayList<>();
            tasks.forEach(task -> started.add(finished.submit(task::call)));
            try {
                for (int i = 0; i < tasks.size(); i++) {
                    result(finished.take());
                }
            } finally {
                started.forEach(task -> task.cancel(true));
            }
            return started.stream().map(Future::resultNow).toList();
        }
    }

    /** Waits for a task; what it threw is thrown here. */
    public static <T> T result(Future<T> task) throws IOException, InterruptedException {
        try {
            return task.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case InterruptedException interrupted -> throw interrupted;
                case RuntimeException defect -> throw defect;
                case Error error -> throw error;
                case Throwable other -> throw new IllegalStateException(other);
            }
        }
    }
}
