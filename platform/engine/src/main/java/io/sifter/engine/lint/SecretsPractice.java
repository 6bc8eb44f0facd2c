package io.sifter.engine.lint;

import io.sifter.engine.lint.ShellCommand.Word;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Secrets in plain text. Signs: variables and build arguments whose names end like secrets and whose values are neither empty, nor paths, nor
 * variables, nor placeholders; passwords in options and addresses; tokens of well-known forms; private keys and files of credentials at the places
 * where programs look for them. Their values are never shown. Keys elsewhere are no sign: tests and examples of many packages have some.
 */
final class SecretsPractice implements Practice {
    private static final Pattern NAME = Pattern.compile("(?i)(.*[_-])?(password|passwd|passphrase|secret|token|credentials?|pwd|api[_-]?key|access[_-]?key|"
            + "access[_-]?key[_-]?id|secret[_-]?key|private[_-]?key|auth[_-]?key|secret[_-]?key[_-]?base)");
    /** Names that end so and are none, and the shell's own. */
    private static final Set<String> NO_SECRETS = Set.of("PWD", "OLDPWD");
    private static final Pattern NO_VALUE = Pattern.compile("(?i)|.*\\$.*|/.*|\\{\\{.*|<.*>|\\*+|x+|\\.+|true|false|yes|no|none|null|"
            + "unset|0|1|disabled?|enabled?|your.*|change_?me.*|file:.*|https?://[^@]*", Pattern.DOTALL);
    private static final Map<String, Pattern> FORMS = new LinkedHashMap<>();
    private static final Pattern ADDRESS = Pattern.compile("(\\b[a-z][a-z0-9+.-]{0,20}://[^\\s/:@'\"$]{1,200}:)[^\\s/@'\"$]{1,200}@");
    private static final Pattern BUILD_ARGUMENTS = Pattern.compile("(?:RUN )?\\|\\d+ (.*?) (?:/usr)?/bin/(?:ba|da)?sh ");
    private static final Pattern SET = Pattern.compile("\\b([A-Za-z_][A-Za-z0-9_]{0,200})=(\"[^\"]*\"|'[^']*'|[^\\s;&|]*)");
    private static final Pattern PASSWORD = Pattern.compile("(--password[= ]|(?:curl|wget)\\b.*? (?:-u|--user) [^\\s:]+:|\\bsshpass -p )\\S+");
    private static final int MAX_FILE = 1 << 20;
    private static final int MAX_ENTRIES = 200;

    static {
        FORMS.put("a private key", Pattern.compile("-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"));
        FORMS.put("an access key of AWS", Pattern.compile("\\b(?:AKIA|ASIA)[0-9A-Z]{16}\\b"));
        FORMS.put("a token of GitHub", Pattern.compile("\\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"));
        FORMS.put("a token of GitLab", Pattern.compile("\\bglpat-[A-Za-z0-9_-]{20,}"));
        FORMS.put("a token of Slack", Pattern.compile("\\bxox[abprs]-[A-Za-z0-9-]{10,}"));
        FORMS.put("a key of Google", Pattern.compile("\\bAIza[0-9A-Za-z_-]{35}\\b"));
        FORMS.put("a key of Stripe", Pattern.compile("\\b[sr]k_live_[0-9a-zA-Z]{20,}"));
        FORMS.put("a token of Hugging Face", Pattern.compile("\\bhf_[A-Za-z0-9]{30,}"));
        FORMS.put("a token of npm", Pattern.compile("\\bnpm_[A-Za-z0-9]{36}\\b"));
        FORMS.put("a token of Docker Hub", Pattern.compile("\\bdckr_pat_[A-Za-z0-9_-]{20,}"));
    }

    private static final String INSTEAD = "Give it when the container runs, by --env or a file that is bound; change it now, for whoever has the image knows it.";

    /** A file of credentials: where it is in a home, and what in it makes it one. */
    private record Kept(String path, Pattern sign, String what) {}

    private static final List<Kept> KEPT = List.of(
            new Kept(".netrc", Pattern.compile("\\bpassword\\s+\\S"), "a password"),
            new Kept(".git-credentials", Pattern.compile("://[^\\s:]{1,200}:[^\\s@]{1,200}@"), "a password"),
            new Kept(".pgpass", Pattern.compile("(?m)^[^#:\n]+:[^:\n]*:[^:\n]*:[^:\n]*:."), "a password"),
            new Kept(".my.cnf", Pattern.compile("(?m)^[ \\t]*password\\s*=\\s*\\S"), "a password"),
            new Kept(".pypirc", Pattern.compile("(?m)^[ \\t]*password\\s*[=:]\\s*\\S"), "a password"),
            new Kept(".npmrc", Pattern.compile("_(authToken|auth|password)\\s*=\\s*[^\\s$]"), "a token"),
            new Kept(".aws/credentials", Pattern.compile("aws_secret_access_key\\s*=\\s*\\S"), "an access key"),
            new Kept(".docker/config.json", Pattern.compile("\"(auth|identitytoken|password)\"\\s*:\\s*\"[^\"]"), "a login"),
            new Kept(".singularity/docker-config.json", Pattern.compile("\"(auth|identitytoken|password)\"\\s*:\\s*\"[^\"]"), "a login"),
            new Kept(".singularity/remote.yaml", Pattern.compile("(?m)^[ \\t]*Token:\\s*\\S"), "a token"),
            new Kept(".apptainer/docker-config.json", Pattern.compile("\"(auth|identitytoken|password)\"\\s*:\\s*\"[^\"]"), "a login"),
            new Kept(".apptainer/remote.yaml", Pattern.compile("(?m)^[ \\t]*Token:\\s*\\S"), "a token"),
            new Kept(".config/gcloud/application_default_credentials.json", Pattern.compile("\"(refresh_token|private_key)\""), "a credential"),
            new Kept(".kube/config", Pattern.compile("(?m)^[ \\t]*(token|password|client-key-data):\\s*\\S"), "a credential"),
            new Kept(".cache/huggingface/token", Pattern.compile("\\S"), "a token"));

    /** The same text, secrets left out. */
    static String hidden(String text) {
        String hidden = SET.matcher(text).replaceAll(set -> Matcher.quoteReplacement(isSecret(set.group(1), set.group(2)) ? set.group(1) + "=…" : set.group()));
        hidden = PASSWORD.matcher(hidden).replaceAll("$1…");
        for (Pattern form : FORMS.values()) {
            hidden = form.matcher(hidden).replaceAll("…");
        }
        return ADDRESS.matcher(hidden).replaceAll("$1…@");
    }

    private static boolean isSecret(String name, String value) {
        return NAME.matcher(name).matches() && !NO_SECRETS.contains(name) && !NO_VALUE.matcher(value.replaceAll("^[\"']|[\"']$", "")).matches();
    }

    @Override
    public void script(Script script, Findings findings) {
        for (ShellCommand command : script.commands()) {
            for (Word word : command.words()) {
                if (word.assigns() && isSecret(word.name(), word.value())) {
                    findings.add(Check.SECRETS, script.place(word), "%s sets %s to a secret in plain text".formatted(script.name(), word.name()), INSTEAD);
                }
            }
            options(script, command, findings);
        }
        if (script.kind() != Script.Kind.BUILD || !script.name().startsWith("step")) {
            int number = 0;
            for (String line : script.text().split("\n", -1)) {
                number++;
                forms(line, script.name(), script.places().apply(number, 1), findings);
            }
        }
    }

    private static void options(Script script, ShellCommand command, Findings findings) {
        List<Word> arguments = command.arguments();
        for (int i = 0; i < arguments.size(); i++) {
            String word = arguments.get(i).text();
            String next = i + 1 < arguments.size() ? arguments.get(i + 1).text() : "";
            boolean login = Set.of("curl", "wget").contains(command.program()) && (word.equals("-u") || word.equals("--user")) && next.matches("[^:$]+:[^$]+");
            boolean password = word.equals("--password") && !next.isEmpty() && !next.startsWith("-") && !NO_VALUE.matcher(next).matches()
                    || word.startsWith("--password=") && !NO_VALUE.matcher(word.substring(word.indexOf('=') + 1)).matches()
                    || command.program().equals("sshpass") && word.equals("-p") && !NO_VALUE.matcher(next).matches();
            if (login || password) {
                findings.add(Check.SECRETS, script.place(arguments.get(i)), "%s gives %s a password in plain text".formatted(script.name(),
                        Findings.shown(command.program())), INSTEAD);
            }
        }
    }

    /** Tokens of well-known forms, and addresses with passwords. */
    private static void forms(String line, String name, Place place, Findings findings) {
        FORMS.forEach((what, form) -> {
            if (form.matcher(line).find()) {
                findings.add(Check.SECRETS, place, "%s has %s in it".formatted(name, what), INSTEAD);
            }
        });
        if (ADDRESS.matcher(line).find()) {
            findings.add(Check.SECRETS, place, "%s has an address with a password in it".formatted(name), INSTEAD);
        }
    }

    @Override
    public void definition(DefinitionSubject definition, Findings findings) {
        for (StageText stage : definition.stages()) {
            // Scripts are looked at by themselves; these are the lines that no script has.
            for (StageText.Section section : stage.sections()) {
                switch (section.name()) {
                    case "labels", "applabels", "arguments" -> section.body().stream().filter(line -> !line.text().isBlank()).forEach(line -> {
                        String[] words = line.text().strip().split(section.name().equals("arguments") ? "\\s*=\\s*" : "\\s+", 2);
                        if (words.length == 2 && isSecret(words[0], words[1].strip())) {
                            findings.add(Check.SECRETS, definition.place(line), "%s sets %s to a secret in plain text".formatted(section.label(),
                                    Findings.shown(words[0])), INSTEAD);
                        }
                        forms(line.text(), section.label(), definition.place(line), findings);
                    });
                    case "pre", "setup", "test", "apptest", "help" -> section.body().forEach(line -> forms(line.text(), section.label(),
                            definition.place(line), findings));
                    default -> { }
                }
            }
        }
    }

    @Override
    public void image(ImageSubject image, Findings findings) throws IOException {
        image.environment().forEach((name, value) -> {
            Place place = new Place.InConfiguration("Env " + Findings.shown(name));
            if (isSecret(name, value)) {
                findings.add(Check.SECRETS, place, "ENV sets %s to a secret in plain text".formatted(Findings.shown(name)), INSTEAD);
            }
            forms(Findings.bounded(value), "ENV " + Findings.shown(name), place, findings);
        });
        image.config().ifPresent(config -> config.labels().forEach((name, value) -> forms(Findings.bounded(value), "The label " + Findings.shown(name),
                new Place.InConfiguration("Labels"), findings)));
        history(image, findings);
        if (findings.wants(Check.SECRETS)) {
            files(image, findings);
        }
    }

    /** Build arguments stand in the history, even where they are in no layer. */
    private static void history(ImageSubject image, Findings findings) {
        for (int i = 0; i < image.history().size(); i++) {
            String step = Findings.bounded(image.history().get(i).createdBy());
            Place place = image.step(i);
            Matcher arguments = BUILD_ARGUMENTS.matcher(step);
            if (arguments.lookingAt()) {
                Matcher set = SET.matcher(arguments.group(1));
                while (set.find()) {
                    if (isSecret(set.group(1), set.group(2))) {
                        findings.add(Check.SECRETS, place, "The build argument %s is a secret in plain text".formatted(set.group(1)),
                                "Use a secret mount of the builder instead; change it now, for whoever has the image knows it.");
                    }
                }
            }
            forms(step, "The history", place, findings);
        }
    }

    private static void files(ImageSubject image, Findings findings) throws IOException {
        List<String> homes = new ArrayList<>(List.of("root"));
        if (image.find("home").orElse(null) instanceof Directory directory) {
            directory.children().keySet().stream().limit(MAX_ENTRIES).forEach(name -> homes.add("home/" + name));
        }
        for (String home : homes) {
            for (Kept kept : KEPT) {
                String path = home + "/" + kept.path();
                if (image.text(path).filter(text -> kept.sign().matcher(text).find()).isPresent()) {
                    findings.add(Check.SECRETS, image.place(path), "The file has %s in it".formatted(kept.what()),
                            "Remove it in the step that makes it; change it now, for whoever has the image knows it.");
                }
            }
            keys(image, home + "/.ssh", "", findings);
        }
        keys(image, "etc/ssh", "ssh_host_", findings);
    }

    private static void keys(ImageSubject image, String directory, String prefix, Findings findings) throws IOException {
        if (image.find(directory).orElse(null) instanceof Directory found) {
            int looked = 0;
            for (String name : found.children().keySet()) {
                if (name.startsWith(prefix) && ++looked < MAX_ENTRIES && image.find(directory + "/" + name).orElse(null) instanceof RegularFile file
                        && file.content().size() < MAX_FILE && ImageSubject.start(file, 1 << 12).contains("PRIVATE KEY-----")) {
                    findings.add(Check.SECRETS, image.place(directory + "/" + name), "The file is a private key", prefix.isEmpty()
                            ? "Remove it in the step that makes it; change it now, for whoever has the image knows it."
                            : "Let each container make its own; everybody who has the image can pass for its host.");
                }
            }
        }
    }
}
