package io.sifter.engine.launch;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.launch.LaunchPlan;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the launcher's shell evaluates. It knows three functions: {@code sifter_main}, which becomes the full program with the
 * same arguments, {@code sifter_prepare}, which lets the full program make the image ready and then asks for a plan again, and
 * {@code sifter_plan_with_plugins}, which asks for a plan with everything on the class path.
 * Raw bytes, one byte a character.
 */
public final class PlanText {
    /** Let the full program answer this command line. */
    public static final String FULL = "sifter_main \"$@\"\n";
    /** Let the full program fetch and convert the image, then plan again with what it made. */
    public static final String PREPARE = "sifter_prepare \"$@\"\n";
    /** Plan again with plugins. */
    public static final String WITH_PLUGINS = "sifter_plan_with_plugins \"$@\"\n";
    /** A shell must not touch them. */
    private static final Set<String> SHELLS_OWN = Set.of("_", "UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO");

    /** Have another value in a shell than in its environment. */
    private static final Set<String> SHELLS_VALUE = Set.of("LINENO", "RANDOM", "SRANDOM", "SECONDS", "EPOCHSECONDS", "EPOCHREALTIME", "GROUPS", "DIRSTACK",
            "FUNCNAME", "HISTCMD", "PIPESTATUS", "OPTARG", "OPTIND", "PWD", "OLDPWD", "IFS", "PS4", "SHLVL", "HOSTNAME", "HOSTTYPE", "MACHTYPE", "OSTYPE");
    /** Begin the names of variables that the script in the container gives their own. */
    private static final String HOST = "SIFTER_HOST_";
    private static final String SET = "SIFTER_SET_";

    private PlanText() {}

    /** End with an exit code, saying nothing. */
    public static String exit(int code) {
        return "exit " + code + "\n";
    }

    /**
     * Become a plan's program.
     *
     * @param caller environment of the launcher, which becomes that of the plan
     * @param umask unless it stays
     * @param before commands to run first, with the caller's environment; if one fails, nothing is started
     */
    static String execute(LaunchPlan plan, Map<String, String> caller, OptionalInt umask, List<List<String>> before) {
        StringBuilder text = new StringBuilder();
        for (List<String> command : before) {
            words(command, text);
            text.append(" || exit 255\n");
        }
        if (umask.isPresent()) {
            text.append("umask 0").append(Integer.toOctalString(umask.getAsInt())).append('\n');
        }
        // Values of the caller's are taken from the shell's own variables: a text that is kept must not tell them.
        Map<String, String> exported = new TreeMap<>();
        for (Map.Entry<String, String> variable : plan.environment().entrySet()) {
            if (!variable.getValue().equals(caller.get(variable.getKey())) && !SHELLS_OWN.contains(variable.getKey())) {
                String origin = origin(variable.getKey(), caller);
                if (variable.getValue().equals(caller.get(origin))) {
                    text.append("export ").append(variable.getKey()).append("=\"$").append(origin).append("\"\n");
                } else {
                    exported.put(variable.getKey(), variable.getValue());
                }
            }
        }
        StringBuilder gone = new StringBuilder();
        for (String name : new TreeSet<>(caller.keySet())) {
            if (!plan.environment().containsKey(name) && CommandEnvironment.isName(name) && !SHELLS_OWN.contains(name)) {
                gone.append(' ').append(name);
            }
        }
        if (!gone.isEmpty()) {
            text.append("unset").append(gone).append('\n');
        }
        exported.forEach((name, value) -> text.append("export ").append(name).append('=').append(quote(value)).append('\n'));
        text.append("exec");
        for (String word : plan.command()) {
            text.append(' ').append(quote(word));
        }
        return text.append('\n').toString();
    }

    /**
     * Whether a text that is kept would tell values that the caller set for the container: those with quotation marks, which are not
     * handed on as they are.
     */
    static boolean tellsSecrets(LaunchPlan plan, Map<String, String> caller) {
        return plan.environment().entrySet().stream().anyMatch(variable -> {
            String origin = origin(variable.getKey(), caller);
            return caller.containsKey(origin) && variable.getKey().startsWith(SET) && !variable.getValue().equals(caller.get(origin));
        });
    }

    /** The caller's variable whose value a variable of the container's has, if it was not changed. */
    private static String origin(String name, Map<String, String> caller) {
        if (name.startsWith(HOST)) {
            String origin = name.substring(HOST.length());
            return SHELLS_VALUE.contains(origin) || origin.startsWith("BASH") ? "" : origin;
        }
        if (name.startsWith(SET)) {
            String origin = "SINGULARITYENV_" + name.substring(SET.length());
            return caller.containsKey(origin) ? origin : "APPTAINERENV_" + name.substring(SET.length());
        }
        return "";
    }

    private static void words(List<String> command, StringBuilder text) {
        for (int i = 0; i < command.size(); i++) {
            text.append(i == 0 ? "" : " ").append(quote(command.get(i)));
        }
    }
}
