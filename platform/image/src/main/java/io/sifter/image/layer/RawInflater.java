package io.sifter.image.layer;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses raw deflate streams (RFC 1951), one after the other. What comes out does not depend on who does it. For one
 * thread, which also closes it.
 */
sealed interface RawInflater extends AutoCloseable permits RawInflater.Jdk, IsalInflater {
    /** The fastest there is on this machine. */
    static RawInflater fastest() {
        return IsalInflater.open().<RawInflater>map(isal -> isal).orElseGet(Jdk::new);
    }

    /** Begins a new stream; input that was given is forgotten. */
    void reset();

    /** Whether {@link #inflate} can do no more without input; then {@link #input} may be called. */
    boolean needsInput();

    /**
     * Gives input.
     *
     * @return how many of the bytes were taken, at least one
     */
    int input(byte[] bytes, int offset, int length);

    /**
     * Fills in what comes out.
     *
     * @return bytes, 0 if there are none before more input comes or because the stream has ended
     */
    int inflate(byte[] target, int offset, int length) throws DataFormatException;

    /** Whether the stream has ended and all of it was handed out. */
    boolean finished();

    /** Bytes of input that stand behind the end of the stream, or are not used yet. */
    int remaining();

    @Override
    void close();

    /** The JDK's zlib. */
    final class Jdk implements RawInflater {
        private final Inflater inflater = new Inflater(true);

        @Override
        public void reset() {
            inflater.reset();
        }

        @Override
        public boolean needsInput() {
            return inflater.needsInput();
        }

        @Override
        public int input(byte[] bytes, int offset, int length) {
            inflater.setInput(bytes, offset, length);
            return length;
        }

        @Override
        public int inflate(byte[] target, int offset, int length) throws DataFormatException {
            int n = inflater.inflate(target, offset, length);
            if (inflater.needsDictionary()) {
                throw new DataFormatException("it needs a dictionary");
            }
            return n;
        }

        @Override
        public boolean finished() {
            return inflater.finished();
        }

        @Override
        public int remaining() {
            return inflater.getRemaining();
        }

        @Override
        public void close() {
            inflater.end();
        }
    }
}
