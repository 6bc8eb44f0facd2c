package io.sifter.squashfs;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/** Goes through a set of extended attributes (doc/squashfs.md, <i>Extended attributes</i>). */
final class XattrPairs {
    /** Linux lists no more names of one file. */
    private static final int MAX_NAMES = 65536;

    private final MetadataCursor cursor;
    private final MetadataCursor elsewhere;
    private final Set<String> names = new HashSet<>();
    private long left;
    private int namesLength;
    private long stored;
    private boolean valueLeft;
    private XattrName name;
    private long reference;

    XattrPairs(Image image, XattrSet set) throws IOException {
        this.cursor = image.xattrPairs();
        this.elsewhere = image.xattrPairs();
        this.left = set.count();
        cursor.seek(set.reference());
    }

    /** Goes to the next attribute. */
    boolean next() throws IOException {
        if (valueLeft) {
            stored += XattrValue.skip(cursor);
            valueLeft = false;
        }
        if (left == 0) {
            return false;
        }
        left--;
        name = XattrName.read(cursor);
        namesLength += name.name().length() + 1;
        stored += name.name().length();
        if (!names.add(name.name())) {
            throw cursor.corrupt("the extended attribute '%s' is there twice".formatted(Image.shown(name.name())));
        }
        if (namesLength > MAX_NAMES) {
            throw cursor.corrupt("the names of extended attributes have more than %d bytes".formatted(MAX_NAMES));
        }
        if (name.elsewhere()) {
            reference = XattrValue.readReference(cursor);
        } else {
            valueLeft = true;
        }
        return true;
    }

    String name() {
        return name.name();
    }

    /** Whether the value stands apart, where other sets may use it too. */
    boolean isElsewhere() {
        return name.elsewhere();
    }

    /** Where the value is, if it is elsewhere. */
    long reference() {
        return reference;
    }

    byte[] value() throws IOException {
        if (name.elsewhere()) {
            elsewhere.seek(reference);
            return XattrValue.read(elsewhere).bytes();
        }
        valueLeft = false;
        byte[] value = XattrValue.read(cursor).bytes();
        stored += value.length;
        return value;
    }

    /** Makes sure that there is a value, without reading it. */
    void checkValue() throws IOException {
        if (name.elsewhere()) {
            elsewhere.seek(reference);
            XattrValue.skip(elsewhere);
        }
    }

    /** Bytes that the attributes so far take in their table, at least. */
    long stored() {
        return stored;
    }
}
