package io.sifter.network;

import okhttp3.Response;

/** Bytes of a {@link Transfer} from an offset on; {@code end} is the size of the whole, -1 if the server does not tell. */
record Part(Response response, long offset, long end) {}
