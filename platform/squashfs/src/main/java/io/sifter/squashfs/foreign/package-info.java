/** Functions of C libraries, called without a helper in C. */
package io.sifter.squashfs.foreign;
