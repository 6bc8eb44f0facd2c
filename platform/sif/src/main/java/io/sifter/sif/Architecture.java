package io.sifter.sif;

/** Architectures a SIF can name, by Go's words; two digits and a NUL on disk. */
public enum Architecture {
    UNKNOWN("00", "unknown"), I386("01", "386"), AMD64("02", "amd64"), ARM("03", "arm"), ARM64("04", "arm64"),
    PPC64("05", "ppc64"), PPC64LE("06", "ppc64le"), MIPS("07", "mips"), MIPSLE("08", "mipsle"), MIPS64("09", "mips64"),
    MIPS64LE("10", "mips64le"), S390X("11", "s390x"), RISCV64("12", "riscv64"), LOONG64("13", "loong64");

    static final int SIZE = 3;
    private final String code;
    private final String word;

    Architecture(String code, String word) {
        this.code = code;
        this.word = word;
    }

    String code() {
        return code;
    }

    /** An unknown code is {@link #UNKNOWN}: the file may still be listed. */
    static Architecture ofCode(String code) {
        for (Architecture architecture : values()) {
            if (architecture.code.equals(code)) {
                return architecture;
            }
        }
        return UNKNOWN;
    }

    /** By Go's word; what SIF has no code for is {@link #UNKNOWN}. */
    public static Architecture of(String word) {
        for (Architecture architecture : values()) {
            if (architecture.word.equals(word)) {
                return architecture;
            }
        }
        return UNKNOWN;
    }

    @Override
    public String toString() {
        return word;
    }
}
