/**
 * A runtime that needs nothing but util-linux and a shell. The script it plans puts the container's tree together and then
 * <em>becomes</em> the command: no process stays in between, so exit codes, signals and job control are the command's own.
 */
package io.sifter.runtime.unshare;
