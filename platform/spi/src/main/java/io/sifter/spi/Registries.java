package io.sifter.spi;

import java.io.IOException;

/** The host's connections to registries. Safe for any thread. */
public interface Registries {
    /**
     * A registry by {@code host[:port]}. Nothing is sent yet. Plain HTTP is used only if {@code plainHttp}, or where
     * the host is this very machine.
     */
    Registry at(String host, boolean plainHttp) throws IOException;
}
