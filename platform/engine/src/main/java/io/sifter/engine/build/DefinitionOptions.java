package io.sifter.engine.build;

import io.sifter.engine.launch.Gpu;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * How a definition is built.
 *
 * @param selection sections that count
 * @param test whether {@code %test} runs
 * @param update whether the sandbox at the target is built upon, in place of what the header says
 * @param force whether labels and help that the source has give way, and the header counts also with {@code update}
 * @param keep whether what a failed build made stays to be looked at
 * @param binds for {@code %post} and {@code %test}, {@code src[:dest[:options]]}
 * @param mounts likewise, {@code type=bind,source=…,destination=…}
 * @param writableTest whether {@code %test} may write what is then forgotten
 * @param gpus whose drivers' files {@code %post} and {@code %test} get
 * @param keepResults whether what stages come to is kept, and used where it is known; else as the configuration says
 * @param anew whether what is known of stages is not used
 * @param beforeOutput called before a script writes to this process's own output, so that what was told before stands before it
 */
public record DefinitionOptions(Selection selection, boolean test, boolean update, boolean force, boolean keep, List<String> binds,
                                List<String> mounts, boolean writableTest, Set<Gpu> gpus, boolean keepResults, boolean anew,
                                Runnable beforeOutput) {
    public DefinitionOptions {
        Objects.requireNonNull(selection);
        binds = List.copyOf(binds);
        mounts = List.copyOf(mounts);
        gpus = Set.copyOf(gpus);
        Objects.requireNonNull(beforeOutput);
    }
}
