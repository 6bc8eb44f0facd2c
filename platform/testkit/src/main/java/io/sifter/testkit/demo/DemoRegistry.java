package io.sifter.testkit.demo;

import io.sifter.testkit.registry.TestRegistry;

/**
 * Serves the demo image as {@code demo/moo:latest} until its standard input ends. The first line it prints is the registry's
 * {@code host:port}.
 */
public final class DemoRegistry {
    private DemoRegistry() {}

    public static void main(String[] arguments) throws Exception {
        try (TestRegistry registry = TestRegistry.start()) {
            registry.publish("demo/moo", "latest", DemoImage.make());
            System.out.println(registry.host());
            System.out.flush();
            while (System.in.read() >= 0) {
                // Whoever started this holds the other end.
            }
        }
    }
}
