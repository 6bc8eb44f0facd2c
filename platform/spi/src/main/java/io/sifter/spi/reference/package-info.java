/** What names an image and its content: references, digests, platforms. */
package io.sifter.spi.reference;
