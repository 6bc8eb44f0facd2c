package io.sifter.network;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Sockets that lead to a Unix domain socket, whatever address they are told to connect to. */
final class UnixSockets extends LaterConnectedSockets {
    private final Path path;

    UnixSockets(Path path) {
        this.path = path;
    }

    @Override
    public Socket createSocket() throws IOException {
        return new UnixSocket(UnixDomainSocketAddress.of(path));
    }

    /** As much of a socket as OkHttp uses. Timeouts are OkHttp's: it closes the socket, which ends what waits for it. */
    private static final class UnixSocket extends Socket {
        private final UnixDomainSocketAddress address;
        private final SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        private InputStream in;

        UnixSocket(UnixDomainSocketAddress address) throws IOException {
            this.address = address;
        }

        @Override
        public void connect(SocketAddress endpoint, int timeout) throws IOException {
            channel.connect(address);
        }

        @Override
        public boolean isConnected() {
            return channel.isConnected();
        }

        @Override
        public void setSoTimeout(int timeout) {
            // See above.
        }

        @Override
        public int getSoTimeout() {
            return 0;
        }

        @Override
        public synchronized InputStream getInputStream() {
            if (in == null) {
                in = new BufferedInputStream(Channels.newInputStream(channel), BufferedSockets.SIZE);
            }
            return in;
        }

        @Override
        public OutputStream getOutputStream() {
            return Channels.newOutputStream(channel);
        }

        @Override
        public boolean isClosed() {
            return !channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
