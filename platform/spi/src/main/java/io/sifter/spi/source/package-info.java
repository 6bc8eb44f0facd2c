/** What an agent hands to the host: layered images, finished files, trees. */
package io.sifter.spi.source;
