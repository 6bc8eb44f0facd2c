package io.sifter.spi.source;

/** What an agent found behind a reference. Closed: the host knows how to finish each kind. */
public sealed interface Source permits LayeredImage, ReadyImage, TreeSource {}
