package io.sifter.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Versions of the program and of the plugin contract, as the build stamped them. */
public final class Version {
    public static final String PRODUCT;
    public static final String SPI;

    static {
        Properties stamped = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("/io/sifter/engine/version.properties")) {
            stamped.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        PRODUCT = stamped.getProperty("product");
        SPI = stamped.getProperty("spi");
    }

    private Version() {}
}
