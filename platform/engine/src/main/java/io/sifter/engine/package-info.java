/**
 * Sifter as a library: {@link io.sifter.engine.Sifter} pulls, builds and prepares images. Front ends and engines that embed
 * it need this package and {@code io.sifter.spi}, nothing else.
 */
package io.sifter.engine;
