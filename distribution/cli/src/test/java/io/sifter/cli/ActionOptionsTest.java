package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.cli.options.CommandTable;
import io.sifter.cli.options.Invocation;
import io.sifter.cli.options.Values;
import io.sifter.engine.launch.ActionRequest;
import io.sifter.engine.launch.ActionRequest.Unpacking;
import io.sifter.engine.launch.Gpu;
import io.sifter.spi.error.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ActionOptionsTest {
    private final List<String> notes = new ArrayList<>();

    private static Values values(String line) throws Exception {
        return Invocation.parse(CommandTable.full(), List.of(line.split(" "))).values();
    }

    @Test
    void withoutOptionsNothingIsAskedFor() throws Exception {
        Values values = values("exec img true");

        assertThat(ActionOptions.files(values)).isEqualTo(ActionRequest.Files.DEFAULT);
        assertThat(ActionOptions.variables(values)).isEqualTo(ActionRequest.Variables.DEFAULT);
        assertThat(ActionOptions.isolation(values, notes::add)).isEqualTo(ActionRequest.Isolation.DEFAULT);
        assertThat(ActionOptions.rights(values, 1000)).isEqualTo(ActionRequest.Rights.DEFAULT);
    }

    @Test
    void filesAreAskedFor() throws Exception {
        ActionRequest.Files files = ActionOptions.files(values("exec -B a:b,c --mount type=bind,source=a,destination=b -H /h:/x --no-home"
                + " --pwd /old -S /s -W /w --no-mount tmp,home -w --writable-tmpfs --unsquash img true"));

        assertThat(files.binds()).containsExactly("a:b", "c");
        assertThat(files.mounts()).containsExactly("type=bind,source=a,destination=b");
        assertThat(files.home()).contains("/h:/x");
        assertThat(files.noHome()).isTrue();
        assertThat(files.startDirectory()).contains("/old");
        assertThat(files.scratch()).containsExactly("/s");
        assertThat(files.workdir()).contains("/w");
        assertThat(files.noMount()).containsExactly("tmp", "home");
        assertThat(files.writable()).isTrue();
        assertThat(files.writableTmpfs()).isTrue();
        assertThat(files.unpacking()).isEqualTo(Unpacking.ALWAYS);
        assertThat(ActionOptions.files(values("exec --pwd /old --cwd /new img true")).startDirectory()).contains("/new");
        assertThat(ActionOptions.files(values("exec --no-tmp-sandbox img true")).unpacking()).isEqualTo(Unpacking.NEVER);
    }

    @Test
    void severalMountsMayStandInAVariable() throws Exception {
        Values values = values("exec --mount type=bind,source=1,destination=/1 img true");
        values.readEnvironment(Map.of("SINGULARITY_MOUNT", "type=bind,source=2,destination=/2\ntype=bind,source=3,destination=/3\n"));

        assertThat(ActionOptions.files(values).mounts()).hasSize(3);
    }

    @Test
    void gpusAreAskedForAndForbidden() throws Exception {
        ActionRequest.Files files = ActionOptions.files(values("exec --nv --no-rocm img true"));
        assertThat(files.gpus()).containsExactly(Gpu.NV);
        assertThat(files.noGpus()).containsExactly(Gpu.ROCM);
        Values values = values("exec img true");
        values.readEnvironment(Map.of("SINGULARITY_ROCM", "1", "APPTAINER_NV_OFF", "1"));
        assertThat(ActionOptions.files(values).gpus()).containsExactly(Gpu.ROCM);
        assertThat(ActionOptions.files(values).noGpus()).containsExactly(Gpu.NV);
    }

    @Test
    void contradictionsAreNamed() {
        assertThatThrownBy(() -> ActionOptions.files(values("exec --tmp-sandbox --no-tmp-sandbox img true"))).isInstanceOf(UserException.class);
    }

    @Test
    void variablesAreAskedFor() throws Exception {
        ActionRequest.Variables variables = ActionOptions.variables(values("shell -e --env A=1,B=2 --env-file /f --no-eval --app foo -s /bin/zsh img"));

        assertThat(variables.clean()).isTrue();
        assertThat(variables.set()).isEqualTo(Map.of("A", "1", "B", "2"));
        assertThat(variables.files()).containsExactly(Path.of("/f"));
        assertThat(variables.evaluated()).isFalse();
        assertThat(variables.app()).contains("foo");
        assertThat(variables.shell()).contains("/bin/zsh");
    }

    @Test
    void isolationIsAskedFor() throws Exception {
        ActionRequest.Isolation isolation = ActionOptions.isolation(values("exec -c -C --compat -p --no-pid -i --uts -n --network none -u"
                + " --hostname h --dns 1.1.1.1,8.8.8.8 --no-umask img true"), notes::add);

        assertThat(isolation).isEqualTo(new ActionRequest.Isolation(true, true, true, true, true, true, true, true, Optional.of("none"),
                true, Optional.of("h"), Optional.of("1.1.1.1,8.8.8.8"), false));
        assertThat(notes).isEmpty();
    }

    @Test
    void whoeverNamesANetworkWantsOneAndIsTold() throws Exception {
        assertThat(ActionOptions.isolation(values("exec --network= img true"), notes::add)).isEqualTo(ActionRequest.Isolation.DEFAULT);
        assertThat(notes).isEmpty();
        assertThat(ActionOptions.isolation(values("exec --network none img true"), notes::add).net()).isTrue();
        assertThat(notes).containsExactly("Setting --net (required by --network)");
    }

    @Test
    void rightsAreAskedFor() throws Exception {
        Values values = values("exec -f --ignore-subuid --no-privs --add-caps CAP_CHOWN,net_raw --drop-caps all --security uid:1,gid:2 img true");

        assertThat(ActionOptions.rights(values, 1000)).isEqualTo(new ActionRequest.Rights(true, true, false, true, List.of("CAP_CHOWN", "net_raw"),
                List.of("all"), List.of("uid:1", "gid:2")));
    }

    @Test
    void onlyRootKeepsPrivileges() throws Exception {
        Values values = values("exec --keep-privs img true");

        assertThatThrownBy(() -> ActionOptions.rights(values, 1000)).isInstanceOf(UserException.class)
                .hasMessage("Could not configure --keep-privs: --keep-privs requires root privileges");
        assertThat(ActionOptions.rights(values, 0).keep()).isTrue();
        assertThat(ActionOptions.rights(values("exec --keep-privs --fakeroot img true"), 1000).keep()).isTrue();
    }

    @Test
    void aNamedRuntimeGoesBeforeTheConfigurations() throws Exception {
        assertThat(ActionOptions.runtime(values("exec --runtime oci img true"), Optional.of("unshare"))).contains("oci");
        assertThat(ActionOptions.runtime(values("exec --runtime auto img true"), Optional.of("unshare"))).isEmpty();
        assertThat(ActionOptions.runtime(values("exec img true"), Optional.of("unshare"))).contains("unshare");
    }

    @Test
    void oldSpellingsMeanTheSame() throws Exception {
        assertThat(ActionOptions.plainHttp(values("exec --nohttps img true"))).isTrue();
        assertThat(ActionOptions.plainHttp(values("exec --no-https img true"))).isTrue();
        assertThat(ActionOptions.plainHttp(values("exec img true"))).isFalse();
    }
}
