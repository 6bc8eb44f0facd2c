package io.sifter.squashfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Finds runs of compressed blocks that are equal. Their bytes are read only when the size words are equal, so hardly
 * ever in vain.
 */
final class RunIndex<T> {
    private static final int CHUNK = 1 << 18;

    private final Map<Words, Bucket<T>> buckets = new HashMap<>();
    private final MessageDigest sha256 = BlockPackWriter.sha256();

    /**
     * Files a run.
     *
     * @param position of the run in the channel
     * @return what was filed first for equal blocks: {@code run} itself when there was nothing yet
     */
    T first(T run, int[] words, FileChannel channel, long position) throws IOException {
        var added = new Filed<>(run, channel, position, SizeWord.total(words));
        Bucket<T> bucket = buckets.putIfAbsent(new Words(words), new Bucket<>(added));
        if (bucket == null) {
            return run;
        }
        if (bucket.byContent == null) {
            bucket.byContent = new HashMap<>();
            bucket.byContent.put(hash(bucket.single), bucket.single.run);
        }
        T first = bucket.byContent.putIfAbsent(hash(added), run);
        return first == null ? run : first;
    }

    private PackedFile.Hash hash(Filed<T> filed) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(CHUNK, filed.length));
        for (long done = 0; done < filed.length; done += bytes.limit()) {
            bytes.clear().limit((int) Math.min(bytes.capacity(), filed.length - done));
            ChannelBytes.read(filed.channel, filed.position + done, bytes);
            sha256.update(bytes.array(), 0, bytes.limit());
        }
        return PackedFile.Hash.of(sha256.digest());
    }

    private record Filed<T>(T run, FileChannel channel, long position, long length) {}

    private static final class Bucket<T> {
        private final Filed<T> single;
        private Map<PackedFile.Hash, T> byContent;

        Bucket(Filed<T> single) {
            this.single = single;
        }
    }

    private record Words(int[] words) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Words that && Arrays.equals(words, that.words);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(words);
        }
    }
}
