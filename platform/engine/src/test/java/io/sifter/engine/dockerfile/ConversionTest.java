package io.sifter.engine.dockerfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.definition.Definition;
import io.sifter.engine.definition.Stage.Section;
import io.sifter.spi.error.UserException;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConversionTest {
    private static Conversion convert(String dockerfile) throws UserException {
        return Conversion.of("Dockerfile", dockerfile, Set.of("src", ".")::contains);
    }

    @Test
    void theChaptersDockerfileBecomesADefinition() throws Exception {
        Conversion conversion = convert("""
                FROM ubuntu:16.04

                RUN apt-get update && apt-get install -y fortune cowsay lolcat

                ENV PATH /usr/games:${PATH}
                ENV LC_ALL=C

                ENTRYPOINT fortune | cowsay | lolcat
                """);

        assertThat(conversion.warnings()).isEmpty();
        assertThat(conversion.definition()).isEqualTo("""
                Bootstrap: docker
                From: ubuntu:16.04

                %post
                    apt-get update && apt-get install -y fortune cowsay lolcat
                    export PATH="/usr/games:${PATH}"
                    export LC_ALL="C"

                %environment
                    export PATH="/usr/games:${PATH}"
                    export LC_ALL="C"

                %runscript
                    exec /bin/sh -c 'fortune | cowsay | lolcat'
                """);
    }

    @Test
    void everyInstructionWithAnEquivalentIsConverted() throws Exception {
        Conversion conversion = convert("""
                # syntax=docker/dockerfile:1
                ARG VERSION=3.19
                FROM alpine:${VERSION} AS base
                LABEL org.opencontainers.title="A tool" version='1'
                WORKDIR /app
                COPY --chown=33:33 a.txt b.txt ./lib/
                COPY . .
                COPY ["with space", "/opt/"]
                ADD data.tar.gz /data
                ARG MODE=fast
                ENV MODE=$MODE \\
                    QUOTED="a \\"b\\" \\$c"
                RUN make \\
                    # between
                    --mode $MODE && \\
                    make install
                RUN cd sub && make
                RUN ["/bin/echo", "it's", "$HOME"]
                HEALTHCHECK --interval=5s CMD curl -f localhost || exit 1
                ENTRYPOINT ["/app/tool", "--quiet"]
                CMD ["--help"]
                """);

        assertThat(conversion.definition()).isEqualTo("""
                Bootstrap: docker
                From: alpine:{{ VERSION }}

                %arguments
                    VERSION=3.19
                    MODE=fast

                %files
                    a.txt /app/lib/
                    b.txt /app/lib/
                    * /app/
                    "with space" /opt/
                    data.tar.gz /.data.tar.gz

                %post
                    mkdir -p /app && cd /app
                    chown -R 33:33 /app/lib/
                    mkdir -p /data && tar -xf /.data.tar.gz -C /data && rm /.data.tar.gz
                    export MODE="{{ MODE }}"
                    export MODE="{{ MODE }}"
                    export QUOTED="a \\"b\\" \\$c"
                    make \\
                    --mode $MODE && \\
                    make install
                    (
                    cd sub && make
                    )
                    /bin/echo 'it'"'"'s' '$HOME'

                %environment
                    export MODE="{{ MODE }}"
                    export QUOTED="a \\"b\\" \\$c"

                %runscript
                    cd /app || exit
                    [ $# -gt 0 ] || set -- --help
                    exec /app/tool --quiet "$@"

                %test
                    curl -f localhost || exit 1

                %labels
                    org.opencontainers.title A tool
                    version 1
                """);
        assertThat(conversion.warnings()).containsExactly(
                "Dockerfile:19: the check becomes %test, which runs once after the build; its times have no equivalent");
    }

    @Test
    void stagesAreKeptWhereFilesAreTakenFromThem() throws Exception {
        Conversion conversion = convert("""
                FROM golang AS build
                RUN go build -o /out/tool
                FROM debian AS unused
                RUN true
                FROM build AS more
                RUN strip /out/tool
                FROM scratch
                COPY --from=build /out/tool /tool
                COPY --from=2 /out/tool /stripped
                COPY --from=busybox:musl /bin/busybox /bin/
                CMD /tool
                """);

        assertThat(conversion.definition()).isEqualTo("""
                Bootstrap: docker
                From: golang
                Stage: build

                %post
                    go build -o /out/tool

                Bootstrap: docker
                From: golang
                Stage: more

                %post
                    go build -o /out/tool
                    strip /out/tool

                Bootstrap: docker
                From: busybox:musl
                Stage: image10

                Bootstrap: scratch

                %files from build
                    /out/tool /tool

                %files from more
                    /out/tool /stripped

                %files from image10
                    /bin/busybox /bin/

                %runscript
                    [ $# -gt 0 ] || set -- /bin/sh -c /tool
                    exec "$@"
                """);
        Definition.parse("x.def", conversion.definition(), Map.of());
    }

    @Test
    void hereDocumentsAreScriptsAndFiles() throws Exception {
        Conversion conversion = convert("""
                FROM debian
                SHELL ["/bin/bash", "-o", "pipefail", "-c"]
                RUN <<EOF
                echo one
                echo two
                EOF
                COPY <<conf /etc/
                key=value
                conf
                """);

        assertThat(Definition.parse("x.def", conversion.definition(), Map.of()).last().script(Section.POST).orElseThrow())
                .satisfies(post -> assertThat(post.arguments()).isEqualTo("-c /bin/bash -o pipefail -e"))
                .satisfies(post -> assertThat(post.text()).isEqualTo("echo one\necho two\n    mkdir -p /etc\n    cat >/etc/conf <<'conf'\nkey=value\nconf\n"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            USER nobody|2: USER nobody has no equivalent
            EXPOSE 80|2: EXPOSE has no equivalent
            VOLUME /data|2: VOLUME has no equivalent
            STOPSIGNAL TERM|2: STOPSIGNAL has no equivalent
            ONBUILD RUN x|2: ONBUILD has no equivalent
            ADD https://x/y /z|2: ADD of https://x/y has no equivalent
            RUN --mount=type=cache,target=/c make|2: --mount of RUN has no equivalent
            ARG EMPTY|2: ARG EMPTY has no value here
            COPY $UNKNOWN /x|2: the value of $UNKNOWN is not known here
            CMD x|2: CMD becomes the runscript
            RUN a~COPY b /c|3: COPY comes after RUN
            RUN <<E~%x~E|2: a line begins with %
            """)
    void whatHasNoEquivalentIsToldWithItsLine(String instructions, String warning) throws Exception {
        assertThat(convert("FROM x\n" + instructions.replace('~', '\n')).warnings()).anySatisfy(told -> assertThat(told).startsWith("Dockerfile:" + warning));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            RUN x|1:1: RUN before FROM
            # nothing|1:1: no FROM
            FROM x~BOGUS y|2:1: unknown instruction: BOGUS
            FROM a b|1:1: FROM a b
            FROM x~COPY y|2:1: COPY y
            FROM x~ENV =y|2:1: '=y' is no NAME=VALUE
            FROM x~RUN <<E~a|2:1: the here-document E has no end
            FROM x~SHELL bash|2:1: SHELL bash
            """)
    void errorsSayWhereAndWhatWasExpected(String text, String message) {
        assertThatThrownBy(() -> convert(text.replace('~', '\n'))).isInstanceOf(UserException.class).hasMessage("Dockerfile:" + message);
    }

    @Provide
    Arbitrary<String> dockerfiles() {
        return Arbitraries.of("FROM x", "FROM x AS a", "FROM a", "ARG A=1", "ARG B", "ENV C=$A \"", "ENV D", "RUN x \\", "RUN [\"a\", \"b\"]", "RUN [\"a\"", "RUN <<E", "E",
                "COPY a b", "COPY --from=a x y", "COPY --from=0 x y", "COPY [\"a\\", "ADD x.tar /", "CMD [", "CMD x", "ENTRYPOINT [\"$x\"]", "HEALTHCHECK NONE", "LABEL a='", "WORKDIR $C",
                "# escape=`", "", "%", "USER x", "\\", "SHELL []", "SHELL [\"a\"]").list().ofMaxSize(10).map(lines -> String.join("\n", lines));
    }

    @Property(tries = 2000)
    void everyTextIsConvertedOrRefusedWithItsPlace(@ForAll("dockerfiles") String text) throws Exception {
        Conversion conversion;
        try {
            conversion = convert(text);
        } catch (UserException e) {
            assertThat(e.getMessage()).matches("(?s)Dockerfile:\\d+:\\d+: .*");
            return;
        }
        if (conversion.warnings().stream().anyMatch(warning -> warning.contains("begins with %"))) {
            return;
        }
        assertThat(Definition.parse("x.def", conversion.definition(), Map.of("A", "1", "B", "1", "C", "1")).stages()).isNotEmpty();
    }
}
