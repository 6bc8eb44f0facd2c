/** The three families of failures, by who can act on them. */
package io.sifter.spi.error;
