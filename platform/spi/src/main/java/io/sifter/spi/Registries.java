package io.sifter.spi;

import java.io.IOException;

/** The host's connections to registries. Safe for any thread. */
public interface Registries {
    /**
     * A registry by {@code host[:port]}; the names of Docker Hub mean the same registry. Nothing is sent yet. Plain HTTP
     * is used only if {@code plainHttp}, or where the host is this very machine or an address of a private network, and
     * never in place of HTTPS that works.
     *
     * @throws io.sifter.spi.error.UserException if {@code host} cannot be the name of a host
     */
    Registry at(String host, boolean plainHttp) throws IOException;
}
