/**
 * What people see: log lines, the chapter's progress lines, questions. {@link io.sifter.cli.terminal.LogLines} and
 * {@link io.sifter.cli.terminal.Level} are part of every start and need nothing else.
 */
package io.sifter.cli.terminal;
