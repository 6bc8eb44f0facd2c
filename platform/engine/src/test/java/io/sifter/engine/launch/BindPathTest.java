package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BindPathTest {
    @Test
    void readsTheForms() throws Exception {
        assertThat(BindPath.parse("/a")).isEqualTo(new BindPath("/a", "/a", false));
        assertThat(BindPath.parse("/a:/b")).isEqualTo(new BindPath("/a", "/b", false));
        assertThat(BindPath.parse("/a:/b:ro")).isEqualTo(new BindPath("/a", "/b", true));
        assertThat(BindPath.parse("/a:/b:rw")).isEqualTo(new BindPath("/a", "/b", false));
        assertThat(BindPath.parse("/a:/b:ro,rw")).isEqualTo(new BindPath("/a", "/b", true));
        assertThat(BindPath.parse("/a\\:b:/c\\,d")).isEqualTo(new BindPath("/a:b", "/c,d", false));
    }

    @Test
    void optionsAreNoBinds() {
        assertThat(BindPath.joined(List.of("/a:/b:rw", "ro", "/c", "ro", "/d:/e\\:x", "rw"))).containsExactly("/a:/b:rw,ro", "/c", "ro", "/d:/e\\:x", "rw");
    }

    @Test
    void refusesWhatIsNoBind() {
        assertThatThrownBy(() -> BindPath.parse(":/b")).isInstanceOf(UserException.class).hasMessageContaining("empty bind source for bind path \":/b\"");
        assertThatThrownBy(() -> BindPath.parse("/a:/b:bogus")).isInstanceOf(UserException.class)
                .hasMessage("While setting bind mount configuration: while parsing bind path: while getting bind path: bogus is not a valid bind option");
        assertThatThrownBy(() -> BindPath.parse("/a.sif:/b:image-src=/x")).isInstanceOf(UserException.class).hasMessageContaining("image-src=/x");
    }

    @Test
    void readsMounts() throws Exception {
        assertThat(BindPath.parseMount("type=bind,source=/a,destination=/b,ro")).isEqualTo(new BindPath("/a", "/b", true));
        assertThat(BindPath.parseMount("type=bind,\"src=/a,b\",dst=/c")).isEqualTo(new BindPath("/a,b", "/c", false));
        assertThat(BindPath.parseMount("\"src=/a\"\"b\",target=/c,readonly")).isEqualTo(new BindPath("/a\"b", "/c", true));
    }

    @Test
    void refusesOtherMounts() {
        assertThatThrownBy(() -> BindPath.parseMount("type=tmpfs,dst=/c")).hasMessageContaining("unsupported mount type \"tmpfs\", only 'bind' is supported");
        assertThatThrownBy(() -> BindPath.parseMount("src=/a,dst=/c,x=y")).hasMessageContaining("invalid key \"x\" in mount specification");
        assertThatThrownBy(() -> BindPath.parseMount("src=/a")).hasMessageContaining("mounts must specify a source and a destination");
    }
}
