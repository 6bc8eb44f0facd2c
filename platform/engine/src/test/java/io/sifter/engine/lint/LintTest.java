package io.sifter.engine.lint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.definition.Definition;
import io.sifter.image.document.Documents;
import io.sifter.image.document.HistoryEntry;
import io.sifter.image.document.Json;
import io.sifter.image.document.MediaTypes;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Symlink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LintTest {
    private static final String ALPINE = "Bootstrap: docker\nFrom: alpine:3.19\n";
    private static final String RUNSCRIPT = "%runscript\n  exec x \"$@\"\n";

    /** An image in memory. */
    private static final class Image {
        private final Directory root = new Directory(Attributes.of(0755, 0));
        private final List<HistoryEntry> history = new ArrayList<>();
        private String config = "{\"Cmd\":[\"/bin/sh\"]}";
        private String reference = "docker://alpine:3.19";

        Image() {
            file("bin/sh", "\u007fELF", 0755);
        }

        static Image with() {
            return new Image();
        }

        Image file(String path, String text) {
            return file(path, text, 0644);
        }

        Image file(String path, String text, int mode) {
            return put(path, new RegularFile(Attributes.of(mode, 0), Content.of(text.getBytes(StandardCharsets.ISO_8859_1))));
        }

        Image directory(String path, int mode) {
            return put(path, new Directory(Attributes.of(mode, 0)));
        }

        Image put(String path, Node node) {
            Directory at = root;
            String[] names = path.split("/");
            for (int i = 0; i < names.length - 1; i++) {
                at = (Directory) at.children().computeIfAbsent(names[i], _ -> new Directory(Attributes.of(0755, 0), new TreeMap<>()));
            }
            at.children().put(names[names.length - 1], node);
            return this;
        }

        Image config(String json) {
            config = json;
            return this;
        }

        Image step(String createdBy) {
            history.add(new HistoryEntry(createdBy, false));
            return this;
        }

        Image from(String text) {
            reference = text;
            return this;
        }

        List<String> lint(Check... checks) throws Exception {
            if (history.isEmpty()) {
                step("ADD rootfs.tar.gz / # buildkit");
            }
            var parsed = Documents.parseConfig(Document.of(MediaTypes.OCI_CONFIG, ("{\"config\":" + config + "}").getBytes(StandardCharsets.UTF_8)));
            return told(Lint.image(new LintedImage("image", Optional.of(Reference.parse(reference)), root, Optional.of(parsed), history, history.size()),
                    chosen(checks)));
        }
    }

    private static EnumSet<Check> chosen(Check... checks) {
        return checks.length == 0 ? EnumSet.allOf(Check.class) : EnumSet.copyOf(List.of(checks));
    }

    private static List<String> told(Report report) {
        return report.findings().stream().map(finding -> "%s|%s|%s".formatted(finding.check(), finding.place().text(), finding.what())).toList();
    }

    private static List<String> lint(String definition, Check... checks) throws Exception {
        return told(Lint.definition("x.def", Definition.parse("x.def", definition, Map.of()), chosen(checks)));
    }

    @Test
    void aGoodDefinitionAndAGoodImageHaveNoFindings() throws Exception {
        assertThat(lint(ALPINE + """
                %files
                  tool.py /opt/tool/
                %post
                  apk add --no-cache python3
                  git clone --branch v1.2 https://github.com/x/y /opt/y
                  cd /tmp && wget https://example.org/tool-1.2.tar.gz && tar xf tool-1.2.tar.gz && rm -rf /tmp/tool*
                  ./configure --prefix=/opt/tool && make install
                  rm -rf /root/.cache ~/.npm
                %environment
                  export PATH=/opt/tool/bin:$PATH
                  export LC_ALL=C TOKEN_FILE=/run/secret
                %runscript
                  mkdir -p "$HOME/work" /tmp/work
                  exec tool "$@" >/dev/null
                """)).isEmpty();
        assertThat(Image.with()
                .config("{\"Entrypoint\":[\"/opt/tool\"],\"Env\":[\"PATH=/opt/bin:/bin\",\"GPG_KEY=0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D\",\"TOKEN_FILE=/run/t\"]}")
                .file("opt/tool", "#!/bin/sh\nexec sh \"$@\"\n", 0755)
                .file("root/.bashrc", "# ~/.bashrc\n# export LS_OPTIONS='--color=auto'\nalias ls=ls\n")
                .file("root/.profile", "if [ -f ~/.bashrc ]; then . ~/.bashrc; fi\nmesg n\n")
                .file("etc/profile", "if [ 0 -eq 0 ]; then PATH=\"/usr/local/sbin:/usr/sbin:/bin\"; fi\nexport PATH\nexport PS1='$ '\n")
                .file("etc/environment", "PATH=\"/usr/local/bin:/usr/bin:/usr/games:/snap/bin\"\n")
                .file("usr/bin/su", "\u007fELF", 04755)
                .directory("tmp", 01777).directory("tmp/empty", 0755)
                .step("/bin/sh -c #(nop) ADD file:1 in / ").step("RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit").lint()).isEmpty();
    }

    // user

    @Test
    void scriptsThatAskForRightsAreFound() throws Exception {
        assertThat(lint(ALPINE + "%post\n  apk add x\n  sudo make\n%runscript\n  exec gosu nobody x\n", Check.USER)).containsExactly(
                "user|x.def:5:8|%post calls sudo", "user|x.def:7:8|%runscript changes the user with gosu");
        assertThat(lint(ALPINE + "%runscript\n  if [ \"$(id -u)\" = 0 ]; then exec gosu nobody x; fi\n  exec x\n", Check.USER)).isEmpty();
    }

    @Test
    void usersOfImagesAreFoundAndRootIsNoUser() throws Exception {
        assertThat(Image.with().config("{\"User\":\"app:app\"}")
                .lint(Check.USER)).containsExactly("user|configuration: User|USER is app:app, which has no effect");
        for (String root : List.of("", "0", "root", "0:0", "root:root")) {
            assertThat(Image.with().config("{\"User\":\"" + root + "\"}").lint(Check.USER)).isEmpty();
        }
    }

    @Test
    void softwareThatOnlyItsOwnerMayUseIsFound() throws Exception {
        assertThat(Image.with().config("{\"Cmd\":[\"run\"],\"Env\":[\"PATH=/app/bin:/bin\"]}").directory("app", 0750).file("app/bin/run", "x", 0700)
                .directory("opt/empty", 0700)
                .lint(Check.USER)).containsExactly(
                        "user|/app|Only its owner and group may look into the directory (mode 750)",
                        "user|/app/bin/run (layer 1 of 1, ADD rootfs.tar.gz / # buildkit)|The program that the image starts may not be executed by others than its owner"
                                .replace(" (layer 1 of 1, ADD rootfs.tar.gz / # buildkit)", ""));
        assertThat(Image.with().config("{\"Cmd\":[\"/bin/ping\"]}").file("bin/ping", "x", 04755).lint(Check.USER)).containsExactly(
                "user|/bin/ping|The program that the image starts relies on its set-uid or set-gid bit");
    }

    // source

    @ParameterizedTest
    @ValueSource(strings = {"alpine", "alpine:latest", "host:5000/a/b", "entity/collection/name"})
    void namesWithoutVersionAreFound(String name) throws Exception {
        assertThat(lint("Bootstrap: docker\nFrom:   " + name + "\n" + RUNSCRIPT)).containsExactly("source|x.def:2:9|" + name + " names no version");
        assertThat(Image.with().from("docker://" + name).lint()).containsExactly("source|image|" + name + " names no version");
    }

    @ParameterizedTest
    @ValueSource(strings = {"alpine:3.19", "host:5000/a/b:1", "alpine@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"})
    void namesWithVersionAreNot(String name) throws Exception {
        assertThat(lint("Bootstrap: docker\nFrom: " + name + "\n" + RUNSCRIPT)).isEmpty();
        assertThat(Image.with().from("docker://" + name).lint()).isEmpty();
        assertThat(Image.with().from("oci:/a/layout").lint()).isEmpty();
    }

    @Test
    void whatBuildsFetchAsItHappensToBeIsFoundInEveryStage() throws Exception {
        assertThat(lint("Bootstrap: docker\nFrom: a:1\nStage: one\n%post\n  git clone https://x/y\n" + ALPINE + """
                %post
                  curl -fsSL https://x/install.sh | bash -s -- -y
                  bash -c "$(curl -fsSL https://x/install.sh)"
                  wget https://x/Miniconda3-latest-Linux.sh
                  pip install git+https://github.com/x/y git+ssh://git@github.com/x/z@v1
                """, Check.SOURCE)).containsExactly(
                        "source|x.def:5:3|%post clones a repository without saying which version",
                        "source|x.def:9:37|%post runs a script of the network as it happens to be",
                        "source|x.def:10:3|%post runs a script of the network as it happens to be",
                        "source|x.def:11:8|%post fetches what changes: https://x/Miniconda3-latest-Linux.sh",
                        "source|x.def:12:15|%post fetches what changes: git+https://github.com/x/y");
        assertThat(lint(ALPINE + "%post\n  git clone https://x/y\n  cd y && git checkout 12ab34\n  curl https://x/a.tar | tar x\n", Check.SOURCE)).isEmpty();
    }

    @Test
    void imagesThatDoNotSayHowTheyWereMadeAreFound() throws Exception {
        assertThat(Image.with().step("").step("RUN /bin/sh -c x").step("umoci repack").lint(Check.SOURCE)).containsExactly(
                "source|configuration: history|It does not say how layers 1, 3 of 3 came about");
        assertThat(Image.with().step("").config("{\"Labels\":{\"org.opencontainers.image.source\":\"https://x/y\"}}").lint(Check.SOURCE)).isEmpty();
        assertThat(told(Lint.image(new LintedImage("box", Optional.empty(), Image.with().root, Optional.empty(), List.of(), 0),
                chosen(Check.SOURCE)))).containsExactly(
                "source|box|Nothing in the image says how it was made");
    }

    @Test
    void theDefinitionThatAnImageKeepsIsChecked() throws Exception {
        assertThat(Image.with().file(".singularity.d/Singularity", "bootstrap: docker\nfrom: lolcow\n\n%post\n  export DB_PASSWORD=hunter2\n")
                .lint()).containsExactly(
                "source|/.singularity.d/Singularity:2|lolcow names no version",
                "secrets|/.singularity.d/Singularity:5|%post sets DB_PASSWORD to a secret in plain text");
        assertThat(Image.with().file(".singularity.d/Singularity", "no definition at all").lint()).isEmpty();
    }

    // environment

    @Test
    void writingStartUpFilesIsFound() throws Exception {
        assertThat(lint(ALPINE + """
                %files
                  my.sh /etc/profile.d/my.sh
                %post
                  echo 'export A=1' >> ~/.bashrc
                  echo 'export A=1' | tee -a /etc/profile
                  sed -i 's/a/b/' /root/.profile
                  conda init bash
                  rm -f /root/.bashrc
                %runscript
                  . ~/.bashrc
                  exec bash -lc "x"
                """, Check.ENVIRONMENT)).containsExactly(
                        "environment|x.def:4:3|%files copies a start-up file of shells",
                        "environment|x.def:6:24|%post writes to the start-up file ~/.bashrc",
                        "environment|x.def:7:30|%post writes to the start-up file /etc/profile",
                        "environment|x.def:8:19|%post writes to the start-up file /root/.profile",
                        "environment|x.def:9:3|%post calls conda init, which writes to start-up files of shells",
                        "environment|x.def:12:3|%runscript reads a start-up file of shells",
                        "environment|x.def:13:8|%runscript starts a login or interactive shell");
    }

    @Test
    void startUpFilesThatSetVariablesAreFound() throws Exception {
        assertThat(Image.with().file("root/.bashrc", "alias l=ls\nexport LS_OPTIONS=x TOOL_HOME=/opt/t\nexport PATH=/opt/t/bin:$PATH\n")
                .file("etc/profile.d/t.sh", "PATH=$PATH:/opt/t\n")
                .file("etc/environment", "JAVA_HOME=/opt/java\n").file("etc/profile.d/lang.sh", "export LANG=C\n").file("home/u/.profile",
                        "PATH=\"$HOME/bin:$PATH\"\n")
                .lint(Check.ENVIRONMENT)).containsExactly(
                        "environment|/root/.bashrc:2|A start-up file of shells sets variables: PATH, TOOL_HOME",
                        "environment|/etc/environment:1|A start-up file of shells sets variables: JAVA_HOME",
                        "environment|/etc/profile.d/t.sh:1|A start-up file of shells sets variables: PATH");
    }

    // root-home and home-tmp

    @Test
    void installationsToHomesAreFound() throws Exception {
        assertThat(lint(ALPINE + """
                %files
                  model.bin /root/model.bin
                  data /home/me/data
                  big.deb /tmp/big.deb
                %post
                  dpkg -i /tmp/big.deb && rm /tmp/big.deb
                  bash Miniconda.sh -b -p ~/miniconda3
                  git clone -b 1 https://x/y /root/y && cd /root/y && make && cd / && rm -rf /root/y
                  pip3 install --user numpy
                  ./configure --prefix=/home/me/local
                %environment
                  export PATH=/root/miniconda3/bin:/home/me/bin:$PATH
                  export TMPDIR=/tmp
                %runscript
                  exec /root/run "$@"
                """, Check.ROOT_HOME, Check.HOME_TMP)).containsExactly(
                        "root-home|x.def:4:3|%files copies to /root/model.bin",
                        "root-home|x.def:11:3|%post installs with pip to the home directory of root",
                        "root-home|x.def:9:27|%post puts miniconda3 into the home directory of root",
                        "root-home|x.def:14:10|PATH leads to /root/miniconda3/bin",
                        "root-home|x.def:17:8|%runscript uses /root/run",
                        "home-tmp|x.def:5:3|%files copies to /home/me/data",
                        "home-tmp|x.def:12:15|%post installs to /home/me/local",
                        "home-tmp|x.def:14:10|PATH leads to /home/me/bin");
    }

    @Test
    void whatImagesHaveInHomesIsFound() throws Exception {
        assertThat(Image.with().config("{\"Cmd\":[\"/root/go\"],\"Env\":[\"PYTHONPATH=/tmp/lib:/opt/lib\"]}")
                .file("root/go", "x", 0755).file("root/.local/lib/x.so.1", "x").file("root/.cache/big", "x", 0755).file("root/data/a", "x")
                        .file("root/data/empty", "")
                .file("home/u/.bashrc", "x").file("home/u/b", "x").file("home/v/.bash_logout", "x")
                .file("tmp/a", "1").file("tmp/b", "1").file("tmp/c", "1").file("tmp/d", "1").file("tmp/e", "1").put("tmp/l",
                        new Symlink(Attributes.of(0777, 0), "/"))
                .lint(Check.ROOT_HOME, Check.HOME_TMP)).containsExactly(
                        "root-home|configuration: Cmd|The image starts /root/go",
                        "root-home|/root|/root has software in it: .local, go",
                        "root-home|/root/data|/root has files in it: data",
                        "home-tmp|configuration: Env PYTHONPATH|PYTHONPATH leads to /tmp/lib",
                        "home-tmp|/tmp|/tmp has files in it: a, b, c, d and 1 more",
                        "home-tmp|/home/u/b|/home/u has files in it: b");
    }

    // read-only

    @Test
    void runscriptsThatWriteToTheImageAreFound() throws Exception {
        assertThat(lint(ALPINE + """
                %post
                  echo x >/etc/x
                %environment
                  touch /opt/stamp
                %startscript
                  mkdir -p /var/run/db /tmp/db
                  mkdir /srv/x || true
                  apt-get -y install x
                  db >/dev/null 2>&1 <"$HOME/in" >>/var/log/db.log
                """, Check.READ_ONLY)).containsExactly(
                        "read-only|x.def:6:9|%environment writes to /opt/stamp",
                        "read-only|x.def:8:12|%startscript writes to /var/run/db",
                        "read-only|x.def:10:3|%startscript changes the system with apt-get",
                        "read-only|x.def:11:36|%startscript writes to /var/log/db.log");
        assertThat(lint(ALPINE + "%runscript\n  cp a /data; mkdir \"$D\"; cat </etc/passwd; rm /tmp/x; sed s/a/b/ /etc/x\n", Check.READ_ONLY)).isEmpty();
    }

    @Test
    void volumesAndEntryProgramsThatWriteAreFound() throws Exception {
        assertThat(Image.with().config("{\"Entrypoint\":[\"entry.sh\"],\"Env\":[\"PATH=/usr/local/bin\"],\"Volumes\":{\"/var/lib/db\":{},\"/tmp/x\":{}}}")
                .file("usr/local/bin/entry.sh", "#!/usr/bin/env bash\nset -e\necho x > /etc/db.conf\n", 0755).lint(Check.READ_ONLY)).containsExactly(
                        "read-only|configuration: Volumes|The image wants to write to /var/lib/db",
                        "read-only|/usr/local/bin/entry.sh:3|/usr/local/bin/entry.sh writes to /etc/db.conf");
        assertThat(Image.with().config("{\"Entrypoint\":[\"/entry\"]}").file("entry", "#!/usr/bin/python3\necho > /etc/x\n", 0755)
                .lint(Check.READ_ONLY)).isEmpty();
    }

    // ldconfig

    @Test
    void buildsThatForgetLdconfigAreFound() throws Exception {
        assertThat(lint(ALPINE + "%post\n  ldconfig\n  make install\n", Check.LDCONFIG)).isEmpty();
        assertThat(lint(ALPINE + "%post\n  make\n  make install\n", Check.LDCONFIG)).containsExactly(
                "ldconfig|x.def:5:3|%post installs what it built to /usr or /usr/local, and does not call ldconfig");
        assertThat(lint(ALPINE + "%post\n  echo /opt/lib >/etc/ld.so.conf.d/x.conf\n  cp libx.so.1 /usr/local/lib/\n", Check.LDCONFIG)).containsExactly(
                "ldconfig|x.def:5:3|%post copies libraries, and does not call ldconfig afterwards");
        assertThat(lint(ALPINE + "%files\n  libx.so.1 /usr/local/lib/\n", Check.LDCONFIG)).containsExactly(
                "ldconfig|x.def:4:3|%files copies libraries, and %post does not call ldconfig");
        for (String fine : List.of("%post\n  make install\n%environment\n  export LD_LIBRARY_PATH=/usr/local/lib\n",
                "%post\n  ./configure --prefix=/opt/x\n  make install\n",
                "%post\n  cp libx.so /opt/x/lib/\n", "%post\n  echo /opt/lib >/etc/ld.so.conf.d/x.conf\n  ldconfig\n")) {
            assertThat(lint(ALPINE + fine, Check.LDCONFIG)).as(fine).isEmpty();
        }
    }

    private static Image libraries() {
        return Image.with().file("etc/ld.so.conf", "# comment\ninclude /etc/ld.so.conf.d/*.conf\n").file("etc/ld.so.conf.d/libc.conf",
                "/usr/local/lib\n/usr/lib/x86_64-linux-gnu\n")
                .file("etc/ld.so.conf.d/ignored.txt", "/opt/ignored\n").file("usr/lib/x86_64-linux-gnu/libc.so.6", "\u007fELF")
                        .file("opt/ignored/libi.so.1", "\u007fELF")
                .file("usr/local/lib/libold.so.1.2", "\u007fELF").file("usr/local/lib/libscript.so", "GROUP ( x )");
    }

    @Test
    void librariesThatTheCacheDoesNotKnowAreFound() throws Exception {
        String cache = "glibc-ld.so.cache1.1\0\0\0\0libold.so.1\0/usr/local/lib/libold.so.1\0";
        assertThat(libraries().file("etc/ld.so.cache", cache).lint(Check.LDCONFIG)).isEmpty();
        assertThat(libraries().file("etc/ld.so.cache", cache).file("usr/local/lib/libnew.so.1", "\u007fELF").lint(Check.LDCONFIG)).containsExactly(
                "ldconfig|/usr/local/lib|A library in it is not in /etc/ld.so.cache: libnew.so.1");
        assertThat(libraries().file("etc/ld.so.cache", cache).file("usr/local/lib/libalias.so", "\u007fELF")
                .lint(Check.LDCONFIG)).as("a library with another name of its own").isEmpty();
        assertThat(libraries().lint(Check.LDCONFIG)).hasSize(1);
        assertThat(libraries().config("{\"Env\":[\"LD_LIBRARY_PATH=/usr/local/lib\"]}").lint(Check.LDCONFIG)).isEmpty();
        assertThat(Image.with().file("usr/local/lib/libnew.so.1", "\u007fELF").lint(Check.LDCONFIG)).as("no glibc").isEmpty();
    }

    @Test
    void linksToDirectoriesOfTheCacheAreFollowed() throws Exception {
        assertThat(Image.with().file("etc/ld.so.conf", "/opt/cur/lib\n").file("opt/v1/lib/libx.so.1", "\u007fELF").put("opt/cur",
                new Symlink(Attributes.of(0777, 0), "v1"))
                .file("etc/ld.so.cache", "\0/opt/v1/lib/libx.so.1\0").lint(Check.LDCONFIG)).isEmpty();
    }

    // secrets

    @Test
    void secretsInDefinitionsAreFoundAndNotShown() throws Exception {
        List<String> told = lint(ALPINE + """
                %arguments
                  TOKEN=abcdefgh1234
                %labels
                  api_key abcdefgh1234
                %post
                  export DB_PASSWORD=hunter2hunter2
                  curl -u bob:hunter2hunter2 https://x/y
                  git clone -b 1 https://bob:hunter2hunter2@github.com/x/y
                  mysql --password=hunter2hunter2
                  echo ghp_abcdefghijklmnopqrstuvwxyz0123456789
                %environment
                  export SECRET_KEY=hunter2hunter2
                """, Check.SECRETS);

        assertThat(told).containsExactly(
                "secrets|x.def:4:3|%arguments sets TOKEN to a secret in plain text",
                "secrets|x.def:6:3|%labels sets api_key to a secret in plain text",
                "secrets|x.def:8:10|%post sets DB_PASSWORD to a secret in plain text",
                "secrets|x.def:9:8|%post gives curl a password in plain text",
                "secrets|x.def:11:9|%post gives mysql a password in plain text",
                "secrets|x.def:10:1|%post has an address with a password in it",
                "secrets|x.def:12:1|%post has a token of GitHub in it",
                "secrets|x.def:14:10|%environment sets SECRET_KEY to a secret in plain text");
        assertThat(told).noneMatch(line -> line.contains("hunter2"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PASSWORD=", "PASSWORD=$PW", "TOKEN_FILE=abcdefgh", "TOKEN=/run/secrets/token", "API_KEY='<your key>'", "PASSWORD=changeme",
            "OLDPWD=abcdefgh", "TOKENIZER=abcdefgh",
            "GPG_KEY=0D96DF4D4110E5C4", "PASSWORD=true"})
    void whatOnlyLooksLikeASecretIsNot(String assignment) throws Exception {
        assertThat(lint(ALPINE + "%post\n  export " + assignment + "\n" + RUNSCRIPT)).isEmpty();
    }

    @Test
    void secretsInImagesAreFoundAndNotShown() throws Exception {
        List<String> told = Image.with().config("{\"Env\":[\"DB_PASSWORD=hunter2hunter2\",\"PATH=/bin\"]}")
                .step("|2 NPM_TOKEN=hunter2hunter2 V=1 /bin/sh -c npm install")
                .step("RUN /bin/sh -c export API_KEY=hunter2hunter2; git clone https://u:hunter2hunter2@x/y").file("root/.ssh/id_rsa",
                        "-----BEGIN OPENSSH PRIVATE KEY-----\nx")
                .file("root/.ssh/id_rsa.pub", "ssh-rsa x").file("etc/ssh/ssh_host_rsa_key", "-----BEGIN RSA PRIVATE KEY-----\nx")
                        .file("home/u/.docker/config.json", "{\"auths\":{\"x\":{\"auth\":\"Ym9i\"}}}")
                .file("root/.netrc", "machine x login y\n").file("usr/lib/python3/test/keycert.pem", "-----BEGIN PRIVATE KEY-----\nx").lint(Check.SECRETS);

        assertThat(told).containsExactlyInAnyOrder(
                "secrets|configuration: Env DB_PASSWORD|ENV sets DB_PASSWORD to a secret in plain text",
                "secrets|history, step 1 of 2: |2 NPM_TOKEN=… V=1 /bin/sh -c npm install|The build argument NPM_TOKEN is a secret in plain text",
                "secrets|history, step 2 of 2: RUN /bin/sh -c export API_KEY=…; git clone https://u:…@x/y|step 2 sets API_KEY to a secret in plain text",
                "secrets|history, step 2 of 2: RUN /bin/sh -c export API_KEY=…; git clone https://u:…@x/y|The history has an address with a password in it",
                "secrets|/home/u/.docker/config.json|The file has a login in it",
                "secrets|/root/.ssh/id_rsa|The file is a private key",
                "secrets|/etc/ssh/ssh_host_rsa_key|The file is a private key");
    }

    // execution

    @Test
    void definitionsWithoutRunscriptAreFound() throws Exception {
        assertThat(lint(ALPINE + "%post\n  x\n",
                Check.EXECUTION)).containsExactly("execution|x.def:1:1|There is no %runscript, so what runs is left to alpine:3.19");
        assertThat(lint("Bootstrap: scratch\n",
                Check.EXECUTION)).containsExactly("execution|x.def:1:1|There is no %runscript, so running the image starts a shell or nothing");
        assertThat(lint(ALPINE + "%apprun a\n  exec a\n", Check.EXECUTION)).isEmpty();
        assertThat(lint(ALPINE + "Stage: one\n" + ALPINE + RUNSCRIPT, Check.EXECUTION)).isEmpty();
    }

    @Test
    void imagesThatLeaveOpenWhatRunsAreFound() throws Exception {
        assertThat(Image.with().config("{}")
                .lint(Check.EXECUTION)).containsExactly("execution|configuration: Entrypoint, Cmd|There is neither ENTRYPOINT nor CMD, so running the image starts a shell");
        assertThat(Image.with().config("{\"Entrypoint\":[\"/bin/sh\"],\"Cmd\":[\"-x\"]}").lint(Check.EXECUTION)).containsExactly(
                "execution|configuration: Entrypoint, Cmd|ENTRYPOINT (/bin/sh) and CMD (-x) share what runs: arguments replace CMD alone");
        assertThat(Image.with().config("{\"Entrypoint\":[\"/bin/sh\",\"-c\",\"fortune | cowsay\"]}").lint(Check.EXECUTION)).containsExactly(
                "execution|configuration: Entrypoint|ENTRYPOINT is a line for a shell (fortune | cowsay), which passes over arguments");
        assertThat(Image.with().config("{\"Cmd\":[\"gone\"]}")
                .lint(Check.EXECUTION)).containsExactly("execution|configuration: Cmd|The program to start is not in the image: gone");
        assertThat(Image.with().config("{\"Entrypoint\":[\"/bin/sh\"]}").lint(Check.EXECUTION)).isEmpty();
        assertThat(Image.with().config("{}").file(".singularity.d/runscript", "#!/bin/sh\nexec x \"$@\"\n").lint(Check.EXECUTION)).isEmpty();
        assertThat(Image.with().config("{}").file(".singularity.d/runscript", "#!/bin/sh\nOCI_ENTRYPOINT=''\n").lint(Check.EXECUTION)).hasSize(1);
    }

    // reports

    @Test
    void reportsAreForPeopleAndForPrograms() throws Exception {
        Report report = Lint.definition("x.def", Definition.parse("x.def", "Bootstrap: docker\nFrom: a\n" + RUNSCRIPT, Map.of()), chosen(Check.SOURCE,
                Check.USER));

        assertThat(report.text()).isEqualTo("""
                x.def:2:7: [source] a names no version.
                    why: %s
                    do:  Name a tag, such as NAME:1.2, or better a digest, NAME@sha256:….
                """.formatted(Check.SOURCE.reason()));
        assertThat(report.summary()).isEqualTo("1 finding in x.def: source 1");
        assertThat(Json.parse(report.json().getBytes(StandardCharsets.UTF_8), "report")).isEqualTo(Map.of("target", "x.def", "checks", List.of("user",
                "source"), "findings", List.of(
                Map.of("check", "source", "what", "a names no version", "where", Map.of("file", "x.def", "line", 2L, "column", 7L), "why",
                        Check.SOURCE.reason(),
                        "instead", "Name a tag, such as NAME:1.2, or better a digest, NAME@sha256:…."))));
    }

    @Test
    void checksAreChosenByName() throws Exception {
        assertThat(Check.choose(List.of(), List.of())).containsExactly(Check.values());
        assertThat(Check.choose(List.of("root-home", "user"), List.of("user"))).containsExactly(Check.ROOT_HOME);
        assertThatThrownBy(() -> Check.choose(List.of("users"), List.of())).isInstanceOf(UserException.class).hasMessage("There is no check 'users'");
        assertThatThrownBy(() -> Check.choose(List.of("user"), List.of("user"))).isInstanceOf(UserException.class);
    }

    @Test
    @Timeout(60)
    void textsMadeToBeSlowAreReadToTheEnd() throws Exception {
        String step = "curl -u ".repeat(30_000);
        assertThat(Image.with().config("{\"Env\":[\"A=" + "a".repeat(500_000) + "\",\"B_TOKEN=" + "://a:b".repeat(30_000) + "\"]}")
                .step("|1 " + step).step("RUN /bin/sh " + "-e ".repeat(30_000) + "-c x").step("/bin/sh -c " + step + "x=".repeat(30_000))
                .file("root/.pgpass", "a\n".repeat(60_000)).file("root/.git-credentials", "://a:b".repeat(40_000)).file("root/.my.cnf", "\n".repeat(300_000))
                .file("root/.bashrc", "<<a".repeat(30_000) + "\n" + "$(".repeat(30_000) + "\"".repeat(9_999))
                .file("etc/ld.so.conf", "/opt/x\n".repeat(30_000)).file("etc/ld.so.cache", "/a/lib.so\0".repeat(200_000))
                .lint()).isNotEmpty();
        assertThat(lint(ALPINE + "%files\n" + "a".repeat(60_000) + " /tmp/x\n%post\n" + "a".repeat(60_000) + "=/lib".repeat(20_000) + "\n" + RUNSCRIPT))
                .containsExactly("home-tmp|x.def:4:1|%files copies to /tmp/x");
    }

    @Test
    void whatImagesSayIsShownWithoutControlCharactersAndInOneLine() throws Exception {
        List<String> told = Image.with().config("{\"User\":\"a\\u001b[31m\\nb\"}").file("tmp/\u001b[0m\n", "x").lint(Check.USER, Check.HOME_TMP);

        assertThat(told).hasSize(2).allSatisfy(line -> assertThat(line).doesNotContain("\u001b", "\n"));
    }
}
