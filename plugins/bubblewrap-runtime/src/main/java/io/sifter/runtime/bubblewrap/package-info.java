/**
 * A runtime on bubblewrap. It needs no footing but the host's, so it works where only bubblewrap may make user namespaces.
 * Its price is bubblewrap's own process, which stays between the caller and the command.
 */
package io.sifter.runtime.bubblewrap;
