package io.sifter.network;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;

/**
 * Sockets that ask the kernel for much at once. OkHttp reads 8 KiB at a time, and a system call for each costs more than
 * all else that is done to the bytes.
 */
final class BufferedSockets extends LaterConnectedSockets {
    static final int SIZE = 256 << 10;

    @Override
    public Socket createSocket() {
        return new BufferedSocket();
    }

    private static final class BufferedSocket extends Socket {
        private InputStream in;

        @Override
        public synchronized InputStream getInputStream() throws IOException {
            if (in == null) {
                in = new BufferedInputStream(super.getInputStream(), SIZE);
            }
            return in;
        }
    }
}
