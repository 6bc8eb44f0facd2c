/**
 * Tar archives as streams: v7, ustar, star, GNU and PAX with everything that layers contain, names as raw bytes. Knows
 * nothing of layers and uses the JDK only.
 */
package io.sifter.image.tar;
