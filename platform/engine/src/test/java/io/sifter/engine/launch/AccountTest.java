package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AccountTest {
    private static final Account ME = new Account("me", 1000, 100, "Me Myself", "/home/me", "/bin/zsh");

    @Test
    void isFoundByItsId() {
        assertThat(Account.find("root:x:0:0:root:/root:/bin/sh\nbroken\nme:x:1000:100:Me Myself:/home/me:/bin/zsh", 1000)).isEqualTo(ME);
        assertThat(Account.find("root:x:0:0:root:/root:/bin/sh\n", 1000)).isNull();
    }

    @Test
    void isAddedToAnImageThatDoesNotKnowIt() {
        assertThat(ME.addTo("root:x:0:0:root:/root:/bin/sh", "/data")).isEqualTo("root:x:0:0:root:/root:/bin/sh\nme:x:1000:100:Me Myself:/data:/bin/zsh\n");
        assertThat(ME.addTo("", "/data")).isEqualTo("me:x:1000:100:Me Myself:/data:/bin/zsh\n");
    }

    @Test
    void theImagesNameAndShellForTheIdStay() {
        assertThat(ME.addTo("app:x:1000:1000:An app:/srv:/bin/sh\n", "/home/me")).isEqualTo("app:x:1000:100:Me Myself:/home/me:/bin/sh\n");
    }
}
