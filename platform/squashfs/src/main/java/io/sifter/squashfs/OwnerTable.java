package io.sifter.squashfs;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The users and groups of an image by their index in the id table, in the order of first use. */
final class OwnerTable {
    /** The superblock counts in 16 bits. */
    private static final int MAX_IDS = 65535;

    private final boolean allRoot;
    private final Map<Long, Integer> indexes = new LinkedHashMap<>();

    OwnerTable(boolean allRoot) {
        this.allRoot = allRoot;
    }

    int index(long id) throws UserException {
        long stored = allRoot ? 0 : id;
        Integer index = indexes.get(stored);
        if (index == null) {
            if (indexes.size() == MAX_IDS) {
                throw new UserException(
                        "Could not write the image: its files belong to more than %d users and groups"
                                .formatted(MAX_IDS),
                        "Let everything belong to root.");
            }
            index = indexes.size();
            indexes.put(stored, index);
        }
        return index;
    }

    int size() {
        return indexes.size();
    }

    void write(FieldOutput out) throws IOException {
        for (long id : indexes.keySet()) {
            out.u32(id);
        }
    }
}
