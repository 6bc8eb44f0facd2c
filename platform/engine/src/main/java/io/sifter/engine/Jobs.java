package io.sifter.engine;

/** How many threads compute. */
record Jobs(int count) {}
