/**
 * Directories of this machine as file trees: {@link io.sifter.image.directory.DirectoryTree} reads one, and
 * {@link io.sifter.image.directory.LinuxFiles} is what whoever writes one needs. Names are bytes here, whatever the locale
 * says, and no path is longer than one name. It uses the file tree, the events and the errors of the plugin contract.
 */
package io.sifter.image.directory;
