package io.sifter.engine.launch;

/**
 * A line of passwd(5), raw.
 *
 * @param home directory on the host
 */
record Account(String name, long uid, long gid, String gecos, String home, String shell) {
    /** The line of a user id, or null. */
    static Account find(String passwd, long uid) {
        for (String line : passwd.split("\n")) {
            String[] fields = line.split(":", -1);
            if (fields.length >= 7 && fields[2].equals(Long.toString(uid))) {
                return new Account(fields[0], uid, number(fields[3]), fields[4], fields[5], fields[6]);
            }
        }
        return null;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException none) {
            return -1;
        }
    }

    /** passwd(5) of an image with this account, which lives at {@code home} there. A shell that the image sets stays. */
    String addTo(String passwd, String home) {
        StringBuilder text = new StringBuilder(passwd.length() + 100);
        boolean found = false;
        for (String line : passwd.split("\n")) {
            String[] fields = line.split(":", -1);
            if (!found && fields.length >= 7 && fields[2].equals(Long.toString(uid))) {
                text.append(line(fields[0], home, fields[6])).append('\n');
                found = true;
            } else if (!line.isEmpty()) {
                text.append(line).append('\n');
            }
        }
        if (!found) {
            text.append(line(name, home, shell)).append('\n');
        }
        return text.toString();
    }

    private String line(String name, String home, String shell) {
        return name + ":x:" + uid + ":" + gid + ":" + gecos + ":" + home + ":" + shell;
    }
}
