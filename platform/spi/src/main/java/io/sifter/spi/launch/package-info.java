/** How a command starts in a container: what is wanted, and the plan that a runtime makes of it. */
package io.sifter.spi.launch;
