package io.sifter.runtime.oci;

import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * The text of a bundle's {@code config.json} (runtime specification of the OCI, 1.0.2), raw bytes, one byte a character. It has gaps.
 */
final class Bundle {
    /**
     * A gap for what is known only when the container starts. There are three: whether it gets a terminal of its own, the caller's umask,
     * decimal, and what is mounted in {@code /dev}, since crun takes a bind without what lies below it where there is a user namespace. JSON
     * holds no control character.
     */
    private static final String GAP = "\u0001";
    /**
     * Run by the OCI runtime before the command begins, with what it knows on standard input: notes process id and start time, for whoever
     * has to end the command when the runtime is killed.
     */
    private static final String NOTE = """
            state=
            while read -r line || [ "$line" ]; do state=$state$line; done
            pid=${state#*'"pid":'}
            pid=${pid#"${pid%%[0-9]*}"}
            pid=${pid%%[!0-9]*}
            read -r stat <"/proc/$pid/stat" || exit
            set -- "$1" ${stat##*) }
            echo "$pid ${21}" >"$1/began"
            """;

    private final Launch launch;
    private final RuntimeContext context;
    private final StringBuilder json = new StringBuilder();

    Bundle(Launch launch, RuntimeContext context) {
        this.launch = launch;
        this.context = context;
    }

    /** @throws UserException if the launch holds something that JSON cannot say */
    String text() throws IOException {
        Privileges wanted = launch.privileges();
        String root = RawName.of(context.libexec().resolve("mnt/root").toString());
        json.append("{\"ociVersion\":\"1.0.2\",\"process\":{\"terminal\":").append(GAP);
        json.append(",\"user\":{\"uid\":").append(wanted.uid()).append(",\"gid\":").append(wanted.gid()).append(",\"umask\":").append(GAP);
        if (wanted.groups().isPresent()) {
            json.append(",\"additionalGids\":").append(wanted.groups().get());
        }
        json.append("},\"args\":[");
        String comma = "";
        for (String word : launch.command()) {
            json.append(comma);
            string(word);
            comma = ",";
        }
        json.append("],\"env\":[");
        comma = "";
        for (Map.Entry<String, String> variable : new TreeMap<>(launch.environment()).entrySet()) {
            json.append(comma);
            string(variable.getKey() + "=" + variable.getValue());
            comma = ",";
        }
        json.append("],\"cwd\":");
        string(launch.workingDirectory());
        capabilities(wanted);
        json.append(",\"noNewPrivileges\":").append(!wanted.gains());
        if (launch.confinement().apparmor().isPresent()) {
            json.append(",\"apparmorProfile\":");
            string(launch.confinement().apparmor().get());
        }
        if (launch.confinement().selinux().isPresent()) {
            json.append(",\"selinuxLabel\":");
            string(launch.confinement().selinux().get());
        }
        json.append("},\"root\":{\"path\":");
        string(root);
        // What is there already need not be made, least of all in the host's own /dev.
        json.append(",\"readonly\":").append(readOnly()).append("},\"mounts\":[{\"destination\":\"/dev\",\"type\":\"bind\",\"source\":");
        string(root + "/dev");
        json.append(",\"options\":[\"rbind\"]}").append(GAP).append(']');
        if (launch.hostname().isPresent()) {
            json.append(",\"hostname\":");
            string(launch.hostname().get());
        }
        json.append(",\"linux\":{\"rootfsPropagation\":\"slave\",\"namespaces\":[{\"type\":\"mount\"}");
        for (Namespace namespace : Namespace.values()) {
            if (launch.namespaces().contains(namespace)) {
                json.append(switch (namespace) {
                    case IPC -> ",{\"type\":\"ipc\"}";
                    case NETWORK -> ",{\"type\":\"network\"}";
                    case UTS -> ",{\"type\":\"uts\"}";
                    case CGROUP -> ",{\"type\":\"cgroup\"}";
                    // Process 1 is none of the OCI runtime's; a user namespace comes with the footing.
                    case PID, USER -> "";
                });
            }
        }
        boolean ownIds = !context.privileged() && (wanted.uid() != 0 || wanted.gid() != 0);
        if (ownIds) {
            json.append(",{\"type\":\"user\"}],\"uidMappings\":").append(mapping(wanted.uid())).append(",\"gidMappings\":").append(mapping(wanted.gid()));
        } else {
            json.append(']');
        }
        if (launch.confinement().seccomp().isPresent()) {
            json.append(",\"seccomp\":").append(launch.confinement().seccomp().get());
        }
        json.append('}');
        if (!launch.namespaces().contains(Namespace.PID)) {
            note();
        }
        return json.append("}\n").toString();
    }

    /** With process ids of its own, what the runtime leaves behind ends by itself. */
    private void note() throws IOException {
        String shell = RawName.of(context.program("sh").orElseThrow().toString());
        json.append(",\"hooks\":{\"prestart\":[{\"path\":");
        string(shell);
        json.append(",\"args\":[\"sh\",\"-c\",");
        string(NOTE);
        json.append(",\"sh\",");
        string(RawName.of(context.libexec().resolve("mnt/session").toString()));
        json.append("]}]}");
    }

    /** It is already, but an OCI runtime makes it writable where it is not told so. */
    private boolean readOnly() {
        for (Mount mount : launch.mounts()) {
            if (mount.destination().equals("/") && (mount instanceof Mount.Seal || mount instanceof Mount.Bind bind && bind.readOnly())) {
                return true;
            }
        }
        return false;
    }

    /** Inside the first user namespace the caller is root. */
    private static String mapping(long id) {
        return "[{\"containerID\":" + id + ",\"hostID\":0,\"size\":1}]";
    }

    private void capabilities(Privileges wanted) throws IOException {
        Capabilities all = context.privileged() ? Capabilities.held() : Capabilities.upTo(RuntimeContext.kernelSetting("kernel/cap_last_cap"));
        Capabilities kept = wanted.capabilities().orElse(all).within(all);
        StringBuilder names = new StringBuilder("[");
        for (String name : kept.names()) {
            names.append(names.length() == 1 ? "\"" : ",\"").append(name).append('"');
        }
        names.append(']');
        json.append(",\"capabilities\":{\"bounding\":").append(names).append(",\"effective\":").append(names).append(",\"permitted\":").append(names)
                .append(",\"inheritable\":").append(names).append(",\"ambient\":").append(names).append('}');
    }

    private void string(String raw) throws UserException {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(RawName.bytes(raw)));
        } catch (CharacterCodingException e) {
            throw new UserException("The runtime 'oci' cannot pass on what is not in UTF-8: '%s'".formatted(RawName.display(raw)), "Choose another runtime.");
        }
        json.append('"');
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ') {
                json.append("\\u00").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 15, 16));
            } else {
                json.append(c);
            }
        }
        json.append('"');
    }
}
