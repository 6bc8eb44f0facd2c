package io.sifter.spi.tree;

/** One inode. Identity tells inodes apart, never equality: use {@code IdentityHashMap}. */
public sealed interface Node permits Directory, RegularFile, Symlink, Device, Special {
    Attributes attributes();
}
