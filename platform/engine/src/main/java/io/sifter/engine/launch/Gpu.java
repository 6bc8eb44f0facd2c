package io.sifter.engine.launch;

import java.util.Locale;

/** A kind of GPU whose drivers' files are taken from the host. */
public enum Gpu {
    NV, ROCM;

    /** As options and messages have it. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Name of the file that lists what belongs to it. */
    String list() {
        return word() + "liblist.conf";
    }

    /** Whether an entry of the host's {@code /dev} is a device of this kind. */
    boolean owns(String device) {
        return this == NV ? device.startsWith("nvidia") : device.equals("kfd") || device.equals("dri");
    }
}
