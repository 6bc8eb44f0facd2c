package io.sifter.engine.launch;

import io.sifter.engine.instance.Instance;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How a command gets into an instance: nsenter(1) of the host enters the namespaces that are not the caller's own, in two steps. A user
 * namespace comes first, for the others belong to it; where a second one gives the caller's ids back, it comes last, for there
 * the power over the others is gone. The image's root is entered by the same process that becomes the command.
 */
final class Joining {
    private final Instance instance;
    private final boolean privileged;
    private final String keeper;
    private final String init;
    private final boolean users;
    private final boolean inner;

    /** @param privileged whether the command keeps the caller's privileges */
    Joining(Instance instance, boolean privileged) throws IOException {
        this.instance = instance;
        this.privileged = privileged;
        this.keeper = "/proc/" + instance.pid() + "/ns/";
        this.init = "/proc/" + instance.init() + "/ns/";
        this.users = differs(keeper + "user", "/proc/self/ns/user");
        this.inner = users && differs(keeper + "user", init + "user");
    }

    /** The root of the instance, as the host sees it. */
    Path root() {
        return Path.of("/proc", Long.toString(instance.pid()), "root");
    }

    /**
     * Words that become the command.
     *
     * @param tools where programs of the host are
     * @param directory in the instance, raw
     * @throws UserException if its runtime lets nobody in
     */
    List<String> enter(Tools tools, List<String> command, String directory) throws IOException {
        if (users && !inner && !isRootInside()) {
            throw new UserException("the instance %s lets nobody in: its runtime kept no power over it".formatted(instance.name()),
                    "Start it with the runtime unshare, or with --fakeroot.");
        }
        List<String> words = new ArrayList<>(List.of(tools.program("nsenter")));
        if (users) {
            words.addAll(List.of("--user=" + (inner ? init : keeper) + "user", "--preserve-credentials"));
        }
        for (String namespace : List.of("ipc", "net", "uts")) {
            if (differs(keeper + namespace, "/proc/self/ns/" + namespace)) {
                words.add("--" + namespace + "=" + keeper + namespace);
            }
        }
        words.addAll(List.of("--pid=" + keeper + "pid", "--no-fork", "--", tools.program("sh"), tools.helper("join-instance"), tools.searchPath(),
                tools.program("setpriv"), "--pdeathsig", "KILL"));
        if (!privileged) {
            words.addAll(List.of(tools.program("setpriv"), "--no-new-privs"));
        }
        words.addAll(List.of(tools.program("nsenter"), "--mount=" + keeper + "mnt"));
        if (inner) {
            words.addAll(List.of("--user=" + keeper + "user", "--preserve-credentials"));
        }
        // nsenter(1) takes the directory from before it changes the root.
        String root = HostFiles.raw(root());
        words.addAll(List.of("--root=" + root, "--wd=" + root + directory, "--"));
        words.addAll(command);
        return words;
    }

    /** Whether the caller is root in the instance's user namespace; who is not loses all power over it with the first program. */
    private boolean isRootInside() throws IOException {
        return Files.readString(Path.of("/proc", Long.toString(instance.pid()), "uid_map"), StandardCharsets.ISO_8859_1).strip().startsWith("0 ");
    }

    /** Programs of the host and of the distribution, raw. */
    interface Tools {
        String program(String name) throws IOException;

        String helper(String name);

        String searchPath();
    }

    private static boolean differs(String one, String other) throws IOException {
        return !Files.readSymbolicLink(Path.of(one)).equals(Files.readSymbolicLink(Path.of(other)));
    }
}
