package io.sifter.engine.build;

import java.util.List;
import java.util.regex.Pattern;

/**
 * The scripts that stand for an OCI configuration in a container: its environment and what it runs.
 *
 * <p>Current Singularity and Apptainer recognise the runscript by one of its lines and interpret it without a shell of the
 * image, so its variables and that line keep their names. ENTRYPOINT and CMD behave as the user guide says: arguments
 * replace CMD, ENTRYPOINT stays, and all words see one round of shell evaluation unless {@code SINGULARITY_NO_EVAL} is set.
 */
final class OciScripts {
    private static final Pattern VARIABLE = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*");

    private OciScripts() {}

    /** {@code 10-docker2singularity.sh}: variables of the image, which a value set by the user overrides, PATH excepted. */
    static String environment(List<String> env) {
        StringBuilder script = new StringBuilder("#!/bin/sh\n");
        for (String entry : env) {
            int equals = entry.indexOf('=');
            String name = equals < 0 ? entry : entry.substring(0, equals);
            if (!VARIABLE.matcher(name).matches()) {
                continue;
            }
            String value = equals < 0 ? null : escape(entry.substring(equals + 1));
            if (value == null) {
                script.append("export %s=\"${%s:-}\"\n".formatted(name, name));
            } else if (name.equals("PATH")) {
                script.append("export PATH=\"%s\"\n".formatted(value));
            } else {
                script.append("export %s=\"${%s:-\"%s\"}\"\n".formatted(name, name, value));
            }
        }
        return script.toString();
    }

    static String runscript(List<String> entrypoint, List<String> cmd) {
        return """
                #!/bin/sh
                OCI_ENTRYPOINT=%s
                OCI_CMD=%s

                # Without evaluation: the words as the image states them.
                if [ -n "${SINGULARITY_NO_EVAL:-}" ]; then
                    %s
                    %s
                    if [ $# -gt 0 ]; then
                        exec "$@"
                    fi
                fi

                # Arguments replace CMD. They are evaluated once more, like the image's own words.
                CMDLINE_ARGS=""
                for arg in "$@"; do
                    CMDLINE_ARGS="${CMDLINE_ARGS} \\"$arg\\""
                done
                if [ $# -gt 0 ]; then
                    SINGULARITY_OCI_RUN="-- ${OCI_ENTRYPOINT} ${CMDLINE_ARGS}"
                else
                    SINGULARITY_OCI_RUN="-- ${OCI_ENTRYPOINT} ${OCI_CMD}"
                fi
                eval "set ${SINGULARITY_OCI_RUN}"

                # Neither ENTRYPOINT nor CMD nor arguments: a shell.
                if [ $# -eq 0 ]; then
                    if [ -x /bin/bash ]; then
                        set -- /bin/bash
                    else
                        set -- /bin/sh
                    fi
                fi
                exec "$@"
                """.formatted(
                singleQuoted(words(entrypoint)),
                singleQuoted(words(cmd)),
                cmd.isEmpty() ? ":" : "if [ $# -eq 0 ]; then set -- %s; fi".formatted(literal(cmd)),
                entrypoint.isEmpty() ? ":" : "set -- %s \"$@\"".formatted(literal(entrypoint)));
    }

    /** Each word in double quotes, so that one evaluation yields it unchanged. */
    private static String words(List<String> words) {
        return String.join(" ", words.stream().map(word -> "\"" + escape(word) + "\"").toList());
    }

    private static String literal(List<String> words) {
        return String.join(" ", words.stream().map(OciScripts::singleQuoted).toList());
    }

    private static String escape(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("`", "\\`").replace("$", "\\$");
    }

    private static String singleQuoted(String text) {
        return "'" + text.replace("'", "'\"'\"'") + "'";
    }
}
