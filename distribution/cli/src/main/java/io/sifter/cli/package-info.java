/**
 * The command line. {@link io.sifter.cli.Actions} starts containers and touches no framework; {@link io.sifter.cli.Main}
 * does everything else. Both exit with the reference's codes: 0, 1 for a command line that cannot be understood, 255 for
 * a failure.
 */
package io.sifter.cli;
