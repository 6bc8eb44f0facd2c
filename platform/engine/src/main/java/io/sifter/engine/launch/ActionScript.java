package io.sifter.engine.launch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the image's own shell does before the command: it sources the image's environment scripts in a clean environment,
 * sets what a person wants set, gives back what the host had and the image does not define, and becomes the command.
 *
 * <p>Variables of the host reach it under other names, {@code SIFTER_HOST_…}: so neither the host's programs that start the
 * container nor the image's scripts see them before their turn.
 */
final class ActionScript {
    private static final String PREPARE = """
            sifter_log() { printf '%-8s %s\\n' "$1:" "$2" >&2; }
            sifter_fatal() { sifter_log FATAL "$1"; exit 255; }
            sifter_path() {
                for sifter_d in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
                    case ":${PATH-}:" in *":$sifter_d:"*) ;; *) PATH=${PATH:+$PATH:}$sifter_d ;; esac
                done
                export PATH
            }
            sifter_paths() {
                [ -z "${SING_USER_DEFINED_PREPEND_PATH-}" ] || PATH=$SING_USER_DEFINED_PREPEND_PATH:${PATH-}
                [ -z "${SING_USER_DEFINED_APPEND_PATH-}" ] || PATH=${PATH-}:$SING_USER_DEFINED_APPEND_PATH
                [ -z "${SING_USER_DEFINED_PATH-}" ] || PATH=$SING_USER_DEFINED_PATH
                unset SING_USER_DEFINED_PREPEND_PATH SING_USER_DEFINED_APPEND_PATH SING_USER_DEFINED_PATH
            }
            sifter_set() {
                for sifter_n in $sifter_evaluated; do
                    eval "sifter_v=\\$SIFTER_SET_$sifter_n; unset SIFTER_SET_$sifter_n"
                    eval "export $sifter_n=\\"$sifter_v\\""
                done
                for sifter_n in $sifter_literal; do
                    eval "export $sifter_n=\\"\\$SIFTER_SET_$sifter_n\\"; unset SIFTER_SET_$sifter_n"
                done
                case " $sifter_evaluated $sifter_literal " in
                    *' LD_LIBRARY_PATH '*) LD_LIBRARY_PATH=$LD_LIBRARY_PATH:/.singularity.d/libs ;;
                esac
                sifter_evaluated= sifter_literal=
            }
            # There may be no /dev/null to complain to.
            for sifter_d in "$SIFTER_DIRECTORY" "$HOME" /; do
                if [ -d "$sifter_d" ] && [ -x "$sifter_d" ] && cd -- "$sifter_d"; then break; fi
            done
            unset OLDPWD SIFTER_DIRECTORY
            export PWD
            sifter_container=$SINGULARITY_CONTAINER sifter_name=$SINGULARITY_NAME
            """;

    private static final String SOURCE = """
            unset PATH PS1 _ SHLVL
            if [ -d /.singularity.d/env ]; then
                for sifter_f in /.singularity.d/env/*.sh; do
                    [ -f "$sifter_f" ] || continue
                    case $sifter_f in */90-*) [ -n "${PATH-}" ] || sifter_path ;; esac
                    . "$sifter_f"
                    case $sifter_f in
                        */10-docker2singularity.sh|*/10-docker.sh) sifter_path ;;
                        */99-base.sh) sifter_set ;;
                        */99-runtimevars.sh) sifter_paths ;;
                    esac
                done
            elif [ -f /environment ]; then
                . /environment
            fi
            [ -n "${PATH-}" ] || sifter_path
            sifter_set
            sifter_paths
            : "${LD_LIBRARY_PATH=/.singularity.d/libs}"
            for sifter_n in $sifter_host; do
                eval "sifter_v=\\${$sifter_n+\\"\\$$sifter_n\\"}"
                if [ -n "$sifter_v" ]; then
                    eval "unset SIFTER_HOST_$sifter_n"
                elif eval "[ \\"\\${$sifter_n+set}\\" ]"; then
                    eval "unset $sifter_n SIFTER_HOST_$sifter_n"
                else
                    eval "export $sifter_n=\\"\\$SIFTER_HOST_$sifter_n\\"; unset SIFTER_HOST_$sifter_n"
                fi
            done
            SINGULARITY_CONTAINER=$sifter_container SINGULARITY_NAME=$sifter_name
            # A bash takes itself off the count when it becomes the command.
            [ -z "${BASH_VERSION-}" ] || SHLVL=$((${SHLVL:-0} + 1))
            : "${PS1:=Singularity> }"
            PROMPT_COMMAND='PS1="Singularity> "; unset PROMPT_COMMAND'
            export PATH LD_LIBRARY_PATH PS1 PROMPT_COMMAND SINGULARITY_CONTAINER SINGULARITY_NAME
            """;

    private static final String EXEC = """
            case $1 in
                */*)
                    [ ! -d "$1" ] || sifter_fatal 'is a directory'
                    [ -e "$1" ] || sifter_fatal "stat $1: no such file or directory"
                    [ -x "$1" ] || sifter_fatal 'permission denied' ;;
                *)
                    sifter_f=
                    IFS=:
                    set -f
                    for sifter_d in $PATH; do
                        if [ -f "${sifter_d:-.}/$1" ] && [ -x "${sifter_d:-.}/$1" ]; then sifter_f=$1; break; fi
                    done
                    set +f
                    unset IFS
                    [ -n "$sifter_f" ] || sifter_fatal "\\"$1\\": executable file not found in \\$PATH" ;;
            esac
            exec "$@"
            """;

    private static final String RUN = """
            if [ -n "${SINGULARITY_APPNAME-}" ]; then
                sifter_f=/scif/apps/$SINGULARITY_APPNAME/scif/runscript
                [ ! -x "$sifter_f" ] || exec "$sifter_f" "$@"
                sifter_log ERROR "no runscript for contained app: $SINGULARITY_APPNAME"
                exit 1
            fi
            [ ! -x /.singularity.d/runscript ] || exec /.singularity.d/runscript "$@"
            [ ! -x /singularity ] || [ -d /singularity ] || exec /singularity "$@"
            sifter_info 'No runscript found in container, executing /bin/sh'
            exec /bin/sh "$@"
            """;

    private static final String SHELL = """
            [ -z "${SINGULARITY_SHELL-}" ] || [ ! -x "$SINGULARITY_SHELL" ] || exec "$SINGULARITY_SHELL" "$@"
            [ ! -x /bin/bash ] || exec /bin/bash --norc "$@"
            exec /bin/sh "$@"
            """;

    private static final String TEST = """
            if [ -n "${SINGULARITY_APPNAME-}" ]; then
                sifter_f=/scif/apps/$SINGULARITY_APPNAME/scif/test
                [ ! -x "$sifter_f" ] || exec "$sifter_f" "$@"
                sifter_log ERROR "No tests for contained app: $SINGULARITY_APPNAME"
                exit 1
            fi
            [ ! -x /.singularity.d/test ] || exec /.singularity.d/test "$@"
            sifter_info 'No test script found in container, exiting'
            echo 'No test script found in container, exiting'
            exit 0
            """;

    private static final String START = """
            if [ -n "${SINGULARITY_APPNAME-}" ]; then
                sifter_f=/scif/apps/$SINGULARITY_APPNAME/scif/startscript
                [ ! -x "$sifter_f" ] || exec "$sifter_f" "$@"
                sifter_info "No start script for contained app: $SINGULARITY_APPNAME"
                exit 0
            fi
            [ ! -x /.singularity.d/startscript ] || exec /.singularity.d/startscript "$@"
            sifter_info 'No instance start script found in container'
            exit 0
            """;

    /**
     * Between an action's text as {@code sifter_action() { … }} and its arguments: lets the action run as a child of process 1, says so,
     * and then is what keeps an instance alive. Signals to it are signals to everything in the container; those that end
     * programs end the instance when the last has gone. What was there before the action stays: process 1, this one, and a runtime's own, which
     * would hand what it hears on to this one.
     *
     * <p>A shell lets what it starts in the background ignore INT and QUIT for good. So the action is started as one end of a pipe,
     * whose other end takes the shell between them away.
     */
    private static final String KEEP = """
            command -v sleep >/dev/null 2>&1 || sifter_fatal 'an instance needs the program sleep in its image'
            sifter_look() { set -- /proc/[0-9]*; sifter_there=" $* " sifter_number=$#; }
            sifter_look
            ( { exec 3>&- >&9 9>&-; sifter_action "$@"; } | exec /bin/sh -c 'kill -s PIPE "$PPID"' 3>&- 9>&- | : ) 9>&1
            sifter_tell() {
                if [ "$sifter_number" -le 2 ]; then kill -s "$1" -1; return; fi
                for sifter_p in /proc/[0-9]*; do
                    case $sifter_there in *" $sifter_p "*) ;; *) kill -s "$1" "${sifter_p#/proc/}" ;; esac
                done
            } 2>&-
            sifter_stop() {
                trap : INT QUIT TERM
                sifter_tell "$1"
                kill -s KILL "$sifter_s"
                wait
                while set -- /proc/[0-9]* && [ "$#" -gt "$sifter_number" ]; do sleep 0.1 || sleep 1; done
                exit 0
            } 2>&-
            for sifter_n in HUP USR1 USR2 CONT WINCH; do trap "sifter_tell $sifter_n" "$sifter_n"; done
            for sifter_n in INT QUIT TERM; do trap "sifter_stop $sifter_n" "$sifter_n"; done
            sifter_s=
            echo "ready $$" >&3
            exec 3>&-
            while :; do
                sleep 2147483647 &
                sifter_s=$!
                wait "$sifter_s"
            done
            """;

    private ActionScript() {}

    /**
     * The script and the variables it starts with.
     *
     * @param evaluated whether what a person wants set sees one round of shell evaluation
     * @param directory where the command starts
     * @param kept whether the container runs on when its command has ended, as an instance does
     */
    static Prepared prepare(Action action, CommandEnvironment variables, boolean evaluated, boolean quiet, String directory, boolean kept) {
        Map<String, String> environment = new LinkedHashMap<>(variables.container());
        List<String> host = new ArrayList<>();
        for (Map.Entry<String, String> variable : variables.host().entrySet()) {
            host.add(variable.getKey());
            environment.put("SIFTER_HOST_" + variable.getKey(), variable.getValue());
        }
        List<String> set = new ArrayList<>();
        for (Map.Entry<String, String> variable : variables.wanted().entrySet()) {
            set.add(variable.getKey());
            String value = variable.getValue();
            environment.put("SIFTER_SET_" + variable.getKey(), evaluated ? value.replace("\"", "\\\"") : value);
        }
        environment.put("SIFTER_DIRECTORY", directory);
        StringBuilder script = new StringBuilder(PREPARE.length() + SOURCE.length() + EXEC.length() + 500);
        script.append("unset SIFTER_SCRIPT\nsifter_host='").append(CommandEnvironment.words(host)).append("'\n");
        script.append("sifter_evaluated='").append(evaluated ? CommandEnvironment.words(set) : "").append("'\n");
        script.append("sifter_literal='").append(evaluated ? "" : CommandEnvironment.words(set)).append("'\n");
        script.append(quiet ? "sifter_info() { :; }\n" : "sifter_info() { sifter_log INFO \"$1\"; }\n");
        script.append(PREPARE);
        evaluateFiles(variables.files(), host, script, environment);
        script.append(SOURCE).append(kept ? "sifter_action() {\n" : "").append(switch (action) {
            case EXEC -> EXEC;
            case RUN -> RUN;
            case SHELL -> SHELL;
            case TEST -> TEST;
            case START -> START;
        }).append(kept ? "}\n" + KEEP : "");
        // Not an argument, lest it be seen wherever commands are listed.
        environment.put("SIFTER_SCRIPT", script.toString());
        return new Prepared(List.of("/bin/sh", "-c", "eval \"$SIFTER_SCRIPT\"", "singularity"), environment);
    }

    /** Files with variables are evaluated where the host's variables can be seen, and leave nothing but what they assign. */
    private static void evaluateFiles(Map<String, Set<String>> files, List<String> host, StringBuilder script, Map<String, String> environment) {
        if (files.isEmpty()) {
            return;
        }
        script.append("for sifter_n in $sifter_host; do eval \"$sifter_n=\\$SIFTER_HOST_$sifter_n\"; done\n");
        Set<String> assigned = new LinkedHashSet<>();
        int number = 0;
        for (Map.Entry<String, Set<String>> file : files.entrySet()) {
            String variable = "SIFTER_FILE_" + ++number;
            environment.put(variable, file.getKey());
            script.append("eval \"$").append(variable).append("\"; unset ").append(variable).append('\n');
            for (String name : file.getValue()) {
                script.append("SIFTER_SET_").append(name).append("=$").append(name).append('\n');
            }
            assigned.addAll(file.getValue());
        }
        script.append("unset $sifter_host\n");
        for (String name : assigned) {
            script.append("sifter_literal=\"$sifter_literal ").append(name).append("\"; unset ").append(name).append('\n');
        }
    }

    /**
     * @param command runs the script; arguments follow
     * @param environment complete, for that command
     */
    record Prepared(List<String> command, Map<String, String> environment) {}
}
