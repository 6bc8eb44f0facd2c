package io.sifter.network;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.spi.AbstractInterruptibleChannel;

/**
 * Sockets that ask the kernel for much at once, and whose waiting an interruption ends on any thread. OkHttp reads 8 KiB at a time, and a
 * system call for each costs more than all else that is done to the bytes. That a virtual thread can be interrupted is no reason to have
 * one: each of its waits takes three threads, and for the JDK's own, which watches sockets, the process would wait when it ends.
 */
final class BufferedSockets extends LaterConnectedSockets {
    static final int SIZE = 256 << 10;

    @Override
    public Socket createSocket() {
        return new BufferedSocket();
    }

    private static final class BufferedSocket extends Socket {
        private final Interruption interruption = new Interruption(this);
        private InputStream in;

        @Override
        public void connect(SocketAddress endpoint, int timeout) throws IOException {
            boolean done = false;
            try {
                interruption.watch();
                super.connect(endpoint, timeout);
                done = true;
            } finally {
                interruption.over(done);
            }
        }

        @Override
        public synchronized InputStream getInputStream() throws IOException {
            if (in == null) {
                in = new BufferedInputStream(new WatchedInput(super.getInputStream(), interruption), SIZE);
            }
            return in;
        }
    }

    private static final class WatchedInput extends FilterInputStream {
        private final Interruption interruption;

        WatchedInput(InputStream in, Interruption interruption) {
            super(in);
            this.interruption = interruption;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            boolean done = false;
            try {
                interruption.watch();
                int count = in.read(bytes, offset, length);
                done = true;
                return count;
            } finally {
                interruption.over(done);
            }
        }
    }

    /** Closes the socket when a thread that waits for it is interrupted, as channels do; the thread is told, and stays interrupted. */
    private static final class Interruption extends AbstractInterruptibleChannel {
        private final Socket socket;

        Interruption(Socket socket) {
            this.socket = socket;
        }

        void watch() {
            begin();
        }

        void over(boolean done) throws IOException {
            end(done);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            socket.close();
        }
    }
}
