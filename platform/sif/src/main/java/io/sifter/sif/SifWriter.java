package io.sifter.sif;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Makes a SIF that can be run. Objects are written in the order in which they are added; the table and the header follow
 * when it is closed, so that a file that was not finished is no SIF. The same calls give the same bytes. One thread.
 */
public final class SifWriter {
    private static final int DESCRIPTORS = 48;
    private static final long TABLE_OFFSET = 4096;
    /** Where file systems may begin, so that the kernel can mount them in place. */
    private static final long PARTITION_ALIGNMENT = 4096;
    private static final int GROUP = 1;

    private final FileChannel out;
    private final UUID id;
    private final long created;
    private final List<SifDescriptor> descriptors = new ArrayList<>();
    private long end = TABLE_OFFSET + (long) DESCRIPTORS * SifDescriptor.SIZE;
    private Architecture architecture = Architecture.UNKNOWN;

    /**
     * @param out an empty file; who opened it closes it
     * @param created of the image and of every object, seconds since 1970
     */
    public SifWriter(FileChannel out, UUID id, long created) {
        this.out = out;
        this.id = id;
        this.created = created;
    }

    /** Writes the bytes of a partition into a file. */
    @FunctionalInterface
    public interface PartitionContent {
        /**
         * @param offset where the partition begins
         * @return its length, bytes
         */
        long writeTo(FileChannel out, long offset) throws IOException, InterruptedException;
    }

    /** Adds the text of the definition. */
    public void addDefinition(byte[] text) throws IOException {
        add(DataType.DEFINITION, "", text);
    }

    /** Adds a JSON document under a name; an empty one is left out, as the reference implementations do. */
    public void addJson(String name, byte[] document) throws IOException {
        if (document.length > 0) {
            add(DataType.GENERIC_JSON, name, document);
        }
    }

    /**
     * Adds the file system that is run, a SquashFS.
     *
     * @throws IllegalStateException if there is one already: an image runs one
     */
    public void addPrimaryPartition(Architecture built, PartitionContent content) throws IOException, InterruptedException {
        if (descriptors.stream().anyMatch(SifDescriptor::primarySystem)) {
            throw new IllegalStateException("image already contains a primary partition");
        }
        long start = (end + PARTITION_ALIGNMENT - 1) / PARTITION_ALIGNMENT * PARTITION_ALIGNMENT;
        long size = content.writeTo(out, start);
        architecture = built;
        describe(DataType.PARTITION, "", start, size, SifDescriptor.partitionExtra(SifDescriptor.FileSystem.SQUASHFS, built));
    }

    private void add(DataType type, String name, byte[] content) throws IOException {
        long start = end;
        write(ByteBuffer.wrap(content), start);
        describe(type, name, start, content.length, SifDescriptor.noExtra());
    }

    private void describe(DataType type, String name, long offset, long size, byte[] extra) {
        if (descriptors.size() == DESCRIPTORS) {
            throw new IllegalStateException("insufficient descriptor capacity to add data object(s) to image");
        }
        descriptors.add(new SifDescriptor(type.code(), descriptors.size() + 1, SifDescriptor.group(GROUP), 0, offset, size,
                offset - end + size, created, created, name, extra));
        end = offset + size;
    }

    /** Writes the table, then the header: now the file is a SIF. */
    public void finish() throws IOException {
        ByteBuffer table = ByteBuffer.allocate(DESCRIPTORS * SifDescriptor.SIZE);
        descriptors.forEach(descriptor -> descriptor.write(table));
        write(table.clear(), TABLE_OFFSET);
        long dataOffset = TABLE_OFFSET + table.capacity();
        SifHeader header = new SifHeader(SifHeader.LAUNCH_SCRIPT, architecture, id, created, created,
                DESCRIPTORS - descriptors.size(), DESCRIPTORS, TABLE_OFFSET, table.capacity(), dataOffset, end - dataOffset);
        ByteBuffer start = ByteBuffer.allocate(SifHeader.SIZE);
        header.write(start);
        write(start.flip(), 0);
    }

    private void write(ByteBuffer bytes, long offset) throws IOException {
        while (bytes.hasRemaining()) {
            offset += out.write(bytes, offset);
        }
    }
}
