/** What happens, as the front end is told. */
package io.sifter.spi.event;
