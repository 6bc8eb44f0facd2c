package io.sifter.engine.plugin;

import java.util.List;

/**
 * The only window that plugins have on the host's classes: the JDK, the contract, the toolkit, and PF4J's annotations.
 * Everything else a plugin uses, it brings, in whatever version it likes.
 */
final class HostClasses extends ClassLoader {
    /** What crosses the boundary. The engine, its libraries and other plugins do not. */
    static final List<String> SHARED = List.of(
            "io.sifter.spi.",
            "io.sifter.image.",
            "io.sifter.network.",
            "io.sifter.squashfs.",
            "io.sifter.sif.",
            "org.pf4j.");

    private final ClassLoader host;

    HostClasses(ClassLoader host) {
        super(ClassLoader.getPlatformClassLoader());
        this.host = host;
    }

    static boolean shared(String className) {
        return SHARED.stream().anyMatch(className::startsWith);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        return shared(name) ? host.loadClass(name) : super.loadClass(name, resolve);
    }
}
