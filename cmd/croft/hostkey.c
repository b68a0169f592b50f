#include "croft/hostkey.h"

#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "croft/keyfiles.h"
#include "croft/screen.h"

int hostkey_prepare(struct cli *c, ssh_session session, const char **ret_file)
{
    struct err e = {0};

    if (data_path(c->arena, "known_hosts", ret_file, &e) < 0 ||
        data_make(c->arena, *ret_file, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    (void)ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, *ret_file);
    (void)ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    return STATUS_OK;
}

int console_has_fingerprint(const char *console, const char *fingerprint)
{
    static const char begin[] = "BEGIN SSH HOST KEY FINGERPRINTS";
    static const char end[] = "END SSH HOST KEY FINGERPRINTS";
    const char *at = console;
    size_t len = strlen(fingerprint);
    int found = -1;

    /* Each boot prints a block; host keys last longer than a boot. */
    while ((at = strstr(at, begin)) != NULL) {
        const char *stop = strstr(at, end);

        if (stop == NULL)
            stop = at + strlen(at);
        for (at += strlen(begin); (at = strstr(at, "SHA256:")) != NULL && at < stop; at++) {
            size_t n = strcspn(at, " \t\r\n");
            if (found < 0)
                found = 0;
            if (n == len && strncmp(at, fingerprint, len) == 0)
                return 1;
        }
        at = stop;
    }
    return found;
}

/* The console as text; NULL when there is none to be had, which is no reason to stop. */
static const char *console_of(struct cli *c, const char *id)
{
    _cleanup_json_ json_t *reply = NULL;
    struct refusal ignored;
    const char *text;
    char *data;
    size_t len;

    if (cli_call(c, "GetConsoleOutput", json_pack("{s:s, s:b}", "InstanceId", id, "Latest", 1),
                 &ignored, &reply) != STATUS_OK)
        return NULL;
    text = json_text(reply, "Output");
    if (text == NULL || base64_decode(c->arena, text, strlen(text), &data, &len) < 0)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\0')
            data[i] = ' ';
    }
    return data;
}

static const char *fingerprint_of(struct cli *c, ssh_session session)
{
    unsigned char *hash = NULL;
    const char *fingerprint = NULL;
    ssh_key key = NULL;
    size_t len;
    char *text;

    if (ssh_get_server_publickey(session, &key) != SSH_OK)
        return NULL;
    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == SSH_OK) {
        text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
        fingerprint = arena_strdup(c->arena, text);
        ssh_string_free_char(text);
        ssh_clean_pubkey_hash(&hash);
    }
    ssh_key_free(key);
    return fingerprint;
}

static int first_time(struct cli *c, ssh_session session, const struct guest *guest,
                      const char *file, const char *fingerprint)
{
    const char *console = console_of(c, guest->id);
    int found = console == NULL ? -1 : console_has_fingerprint(console, fingerprint);
    struct err e = {0};

    if (found == 0) {
        complain("the host key %s is none of those that %s shows on its console (croft console "
                 "%s): not connecting",
                 fingerprint, guest_label(c, guest), guest->id);
        return STATUS_UNREACHED;
    }
    if (ssh_session_update_known_hosts(session) != SSH_OK) {
        complain("cannot write %s: %s", file, ssh_get_error(session));
        return STATUS_UNREACHED;
    }
    if (data_give(file, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    if (found > 0)
        note("Host key %s: as on the console of %s", fingerprint, guest->id);
    else
        note("Host key %s: trusted on first use (the console of %s shows none to check against)",
             fingerprint, guest->id);
    return STATUS_OK;
}

int hostkey_check(struct cli *c, ssh_session session, const struct guest *guest, const char *file)
{
    const char *fingerprint = fingerprint_of(c, session);

    if (fingerprint == NULL) {
        complain("%s has no host key that can be read", guest_label(c, guest));
        return STATUS_UNREACHED;
    }
    switch (ssh_session_is_known_server(session)) {
    case SSH_KNOWN_HOSTS_OK:
        return STATUS_OK;
    case SSH_KNOWN_HOSTS_NOT_FOUND:
    case SSH_KNOWN_HOSTS_UNKNOWN:
        return first_time(c, session, guest, file, fingerprint);
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
        complain("the host key of %s is another one than before (%s now): not connecting.\n"
                 "If that is right, forget the old one: ssh-keygen -R %s -f %s",
                 guest_label(c, guest), fingerprint, guest->id, file);
        return STATUS_UNREACHED;
    case SSH_KNOWN_HOSTS_ERROR:
        break;
    }
    complain("cannot check the host key: %s", ssh_get_error(session));
    return STATUS_UNREACHED;
}
