package io.sifter.engine.build;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * What every container carries so that Singularity and Apptainer run it: {@code /.singularity.d} with its scripts, the
 * links into it, and the directories that get mounted over.
 */
final class Skeleton {
    private static final String[] DIRECTORIES = {"dev", "proc", "root", "var/tmp", "tmp", "etc", "sys", "home"};
    private static final String[] ACTIONS = {"exec", "run", "shell", "start", "test"};
    private static final String[] ENVIRONMENT =
            {"01-base.sh", "90-environment.sh", "94-appsbase.sh", "95-apps.sh", "99-base.sh", "99-runtimevars.sh"};

    private Skeleton() {}

    /**
     * Adds what is missing.
     *
     * @param overwrite whether scripts that are there already give way, as for sources that know nothing of Singularity;
     *     otherwise what an earlier build left, run script and environment included, stays
     * @return the tree's root, another one where the root's own attributes had to change
     */
    static Directory add(Directory root, long time, boolean overwrite) {
        Directory top = root;
        if ((root.attributes().mode() & 0200) == 0) {
            Attributes attributes = root.attributes();
            top = new Directory(attributes.withMode(attributes.mode() | 0200), root.children());
        }
        TreeEditor editor = new TreeEditor(top, time);
        for (String name : new String[] {"libs", "actions", "env"}) {
            editor.ownDirectory(".singularity.d/" + name, 0755);
        }
        for (String directory : DIRECTORIES) {
            editor.ensureDirectory(directory, 0755);
        }
        if (overwrite) {
            // Hosts and resolvers of the machine that built the image mean nothing here; the runtime binds its own over them.
            editor.file("etc/hosts", "", 0644);
            editor.file("etc/resolv.conf", "", 0644);
        } else {
            editor.fileIfAbsent("etc/hosts", "", 0644);
            editor.fileIfAbsent("etc/resolv.conf", "", 0644);
        }
        for (String action : ACTIONS) {
            script(editor, ".singularity.d/actions/" + action, "actions/" + action, overwrite);
            if (!action.equals("start")) {
                editor.symlink("." + action, ".singularity.d/actions/" + action);
            }
        }
        for (String environment : ENVIRONMENT) {
            script(editor, ".singularity.d/env/" + environment, "env/" + environment, overwrite);
        }
        script(editor, ".singularity.d/runscript", "runscript", overwrite);
        script(editor, ".singularity.d/startscript", "startscript", overwrite);
        editor.symlink("singularity", ".singularity.d/runscript");
        editor.symlink("environment", ".singularity.d/env/90-environment.sh");
        return top;
    }

    private static void script(TreeEditor editor, String path, String resource, boolean overwrite) {
        String text = text(resource);
        if (overwrite) {
            editor.file(path, text, 0755);
        } else {
            editor.fileIfAbsent(path, text, 0755);
        }
    }

    /** Moves a definition that an earlier build left to the history, and writes the new one. */
    static void definition(Directory root, String definition, long time) {
        TreeEditor editor = new TreeEditor(root, time);
        Directory own = editor.ownDirectory(".singularity.d", 0755);
        Node earlier = own.children().remove("Singularity");
        if (earlier != null) {
            Directory history = editor.ownDirectory(".singularity.d/bootstrap_history", 0755);
            history.children().put("Singularity" + history.children().size(), earlier);
        }
        editor.file(".singularity.d/Singularity", definition, 0644);
    }

    private static String text(String resource) {
        try (InputStream in = Skeleton.class.getResourceAsStream("/io/sifter/engine/skeleton/" + resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
