package io.sifter.engine;

import io.sifter.image.directory.LinuxFiles;
import io.sifter.spi.tree.Compression;
import io.sifter.squashfs.Codecs;

/** Native code that conversions call. */
final class NativeCode {
    private NativeCode() {}

    /**
     * Links it on a thread of its own. Linking takes a tenth of a second, in which whoever is about to wait for a registry has
     * better things to do.
     */
    static void link(Compression.Codec codec) {
        Thread.ofPlatform().daemon().name("native-code").start(() -> {
            Codecs.isNative(codec);
            LinuxFiles.effectiveUser();
        });
    }
}
