package io.sifter.engine.cache;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** Deletes a tree, making directories writable where that is what it takes. */
final class DeletingVisitor extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) throws IOException {
        makeWritable(directory);
        return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        Files.deleteIfExists(file);
        return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
        if (failure instanceof NoSuchFileException) {
            return FileVisitResult.CONTINUE;
        }
        // The walk opens directories before preVisitDirectory can help: make it readable and walk it again.
        if (Files.isDirectory(file, java.nio.file.LinkOption.NOFOLLOW_LINKS) && !Files.isReadable(file)) {
            makeWritable(file);
            Files.walkFileTree(file, new DeletingVisitor());
            return FileVisitResult.CONTINUE;
        }
        throw failure;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
        if (failure != null && !(failure instanceof NoSuchFileException)) {
            throw failure;
        }
        Files.deleteIfExists(directory);
        return FileVisitResult.CONTINUE;
    }

    private static void makeWritable(Path directory) throws IOException {
        if (!Files.isWritable(directory) || !Files.isExecutable(directory) || !Files.isReadable(directory)) {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        }
    }
}
