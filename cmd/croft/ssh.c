/* croft ssh: waits for the guest, connects through the daemon, logs in. */
#include <libssh/libssh.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "croft/hostkey.h"
#include "croft/instances.h"
#include "croft/keys.h"
#include "croft/screen.h"
#include "croft/ssh_channel.h"
#include "croft/verbs.h"

#define TIMEOUT_S 300
#define RETRY_MS  1000
#define RESEND_MS INT64_C(50000) /* a key that was sent is good for a minute */
#define HANDSHAKE_LIMIT_S                                                                          \
    60 /* a guest under software emulation takes its time for a key exchange */
/*
 * sshd may answer before cloud-init has put the key in place, and pam_nologin keeps everybody out
 * until the boot is over: a refusal of a guest that has just been started is not final at once.
 */
#define YOUNG_MS         INT64_C(300000)
#define REFUSED_LIMIT_MS INT64_C(90000)

struct login {
    struct cli *cli;
    struct guest guest;
    const char *user;
    const char *key; /* -i; NULL: look for it */
    int64_t began, deadline;
    int64_t refused_since;     /* 0: never */
    char why[ERR_MESSAGE_MAX]; /* what is waited for */
    ssh_key ephemeral;         /* of EC2 Instance Connect; NULL: none was made */
    int64_t sent;              /* when the server got it; 0: never */
    bool not_sent;             /* the server did not take it */
};

/* What came of a try. */
enum outcome { LOGGED_IN, AGAIN, GIVE_UP };

static void wait_for(struct login *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void wait_for(struct login *l, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(l->why, sizeof(l->why), format, ap);
    va_end(ap);
    screen_progress(l->began, "Waiting for %s: %s", guest_label(l->cli, &l->guest),
                    text_harmless(l->cli->arena, l->why));
}

/* Is the instance one that can be logged in to? */
static enum outcome look(struct login *l, int *ret_status)
{
    struct guests now;
    int status = guests_describe(l->cli, json_pack("{s:[s]}", "InstanceIds", l->guest.id), &now);

    if (status != STATUS_OK || now.n == 0) {
        *ret_status = status == STATUS_OK ? STATUS_FAILED : status;
        return GIVE_UP;
    }
    l->guest = now.v[0];
    if (streq(l->guest.state, "running"))
        return LOGGED_IN;
    if (streq(l->guest.state, "pending")) {
        wait_for(l, "the instance is pending");
        return AGAIN;
    }
    complain("%s is %s%s%s", guest_label(l->cli, &l->guest), l->guest.state,
             str_empty(l->guest.reason) ? "" : ": ",
             str_empty(l->guest.reason) ? "" : text_harmless(l->cli->arena, l->guest.reason));
    if (streq(l->guest.state, "stopped"))
        note("croft start %s starts it", l->guest.id);
    *ret_status = STATUS_FAILED;
    return GIVE_UP;
}

static bool is_final(const struct client_reply *reply)
{
    static const char *const codes[] = {"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed",
                                        "UnauthorizedOperation",      "AuthFailure",
                                        "InvalidParameterValue",      "UnsupportedOperation"};

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (streq(reply->code, codes[i]))
            return true;
    }
    return reply->status == 403;
}

static enum outcome open_tunnel(struct login *l, int *ret_fd, int *ret_status)
{
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    struct err e = {0};
    struct client *client = cli_client(l->cli, "ec2", ret_status);
    int r;

    if (client == NULL)
        return GIVE_UP;
    r = client_tunnel(client, l->guest.id, 22, ret_fd, &reply, &e);
    if (r == 0)
        return LOGGED_IN;
    if (r == -EREMOTEIO && !is_final(&reply)) {
        wait_for(l, "SSH does not answer yet");
        return AGAIN;
    }
    if (r == -ETIMEDOUT) {
        wait_for(l, "SSH does not answer yet");
        return AGAIN;
    }
    if (r != -EREMOTEIO) {
        *ret_status = cli_no_answer(l->cli, r, &e);
        return GIVE_UP;
    }
    complain("%s", e.message);
    *ret_status = STATUS_REFUSED;
    return GIVE_UP;
}

/* Reads a private key, and asks for its passphrase on a terminal. */
static ssh_key read_key(const char *path)
{
    char passphrase[256] = "";
    ssh_key key = NULL;
    int r = ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key);

    if (r == SSH_OK)
        return key;
    if (r == SSH_EOF || access(path, R_OK) < 0) {
        complain("cannot read %s", path);
        return NULL;
    }
    if (screen_is_terminal(stdin) &&
        ssh_getpass("Passphrase of the key: ", passphrase, sizeof(passphrase), 0, 0) == 0)
        r = ssh_pki_import_privkey_file(path, passphrase, NULL, NULL, &key);
    explicit_bzero(passphrase, sizeof(passphrase));
    if (r == SSH_OK)
        return key;
    complain("%s is no private key that can be used", path);
    return NULL;
}

static const char *key_of(struct login *l)
{
    struct arena *a = l->cli->arena;
    const char *home = getenv("HOME"), *name = l->guest.key_name;
    const char *kept = name == NULL ? NULL : key_file_kept(l->cli, name);

    if (l->key != NULL || kept != NULL)
        return l->key != NULL ? l->key : kept;
    if (name == NULL || *name == '\0' || str_empty(home) || strchr(name, '/') != NULL)
        return NULL;
    for (int i = 0; i < 2; i++) {
        const char *path = arena_printf(a, "%s/.ssh/%s%s", home, name, i == 0 ? ".pem" : "");
        if (access(path, R_OK) == 0)
            return path;
    }
    return NULL;
}

/*
 * Has the server hold a key of ours for a minute, and the guest's sshd ask for it there. One that
 * is refused, or that the guest does not ask for, is no reason to give up: there are other keys.
 */
static bool send_ephemeral(struct login *l)
{
    _cleanup_json_ json_t *reply = NULL;
    struct refusal refusal;
    char *text = NULL;
    int status = STATUS_OK;

    if (l->not_sent)
        return false;
    if (l->sent != 0 && clock_monotonic() - l->sent < RESEND_MS)
        return true;
    if (l->ephemeral == NULL && ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &l->ephemeral) != SSH_OK)
        return false;
    if (ssh_pki_export_pubkey_base64(l->ephemeral, &text) != SSH_OK)
        return false;
    status =
        cli_call_service(l->cli, "ec2-instance-connect", "SendSSHPublicKey",
                         json_pack("{s:s, s:s, s:o}", "InstanceId", l->guest.id, "InstanceOSUser",
                                   l->user, "SSHPublicKey", json_sprintf("ssh-ed25519 %s", text)),
                         &refusal, &reply);
    ssh_string_free_char(text);
    l->not_sent = status != STATUS_OK;
    l->sent = clock_monotonic();
    return status == STATUS_OK;
}

/*
 * The key that was named or kept, or without one a key for a minute; then, unless one was named,
 * the agent and the usual files. A guest takes a few tries on a connection, so the likely comes
 * first.
 */
static enum outcome authenticate(struct login *l, ssh_session session, int *ret_status)
{
    const char *path = key_of(l);
    int r = SSH_AUTH_DENIED;

    if (path != NULL) {
        ssh_key key = read_key(path);
        if (key == NULL) {
            *ret_status = STATUS_UNREACHED;
            return GIVE_UP;
        }
        r = ssh_userauth_publickey(session, NULL, key);
        ssh_key_free(key);
    } else if (send_ephemeral(l)) {
        r = ssh_userauth_publickey(session, NULL, l->ephemeral);
    }
    if (r == SSH_AUTH_DENIED && l->key == NULL && !str_empty(getenv("SSH_AUTH_SOCK")))
        r = ssh_userauth_agent(session, NULL);
    if (r == SSH_AUTH_DENIED && l->key == NULL)
        r = ssh_userauth_publickey_auto(session, NULL, NULL);
    if (r == SSH_AUTH_SUCCESS)
        return LOGGED_IN;
    if (clock_now() - l->guest.launched_ms < YOUNG_MS) {
        if (l->refused_since == 0)
            l->refused_since = clock_monotonic();
        if (clock_monotonic() - l->refused_since < REFUSED_LIMIT_MS) {
            wait_for(l, "it lets nobody in yet (cloud-init is at work)");
            return AGAIN;
        }
    }
    complain("%s does not let %s in with %s; its key pair is %s (-i names a private key)",
             guest_label(l->cli, &l->guest), l->user, path == NULL ? "any key found here" : path,
             l->guest.key_name == NULL ? "none" : l->guest.key_name);
    *ret_status = STATUS_UNREACHED;
    return GIVE_UP;
}

static ssh_session new_session(struct login *l, int fd, const char **ret_file, int *ret_status)
{
    ssh_session session = ssh_new();
    int64_t left = (l->deadline - clock_monotonic()) / 1000;
    long limit = left < 1 ? 1 : left > HANDSHAKE_LIMIT_S ? HANDSHAKE_LIMIT_S : (long)left;
    int no = 0;

    if (session == NULL) {
        complain("not enough memory");
        *ret_status = STATUS_UNREACHED;
        return NULL;
    }
    (void)ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
    (void)ssh_options_set(session, SSH_OPTIONS_HOST, l->guest.id);
    (void)ssh_options_set(session, SSH_OPTIONS_USER, l->user);
    (void)ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &limit);
    *ret_status = hostkey_prepare(l->cli, session, ret_file);
    if (*ret_status != STATUS_OK) {
        ssh_free(session);
        return NULL;
    }
    (void)ssh_options_set(session, SSH_OPTIONS_FD, &fd);
    return session;
}

/* One try; the session when it came off. */
static enum outcome try_login(struct login *l, ssh_session *ret_session, int *ret_status)
{
    const char *file;
    ssh_session session = NULL;
    int fd = -1;
    enum outcome outcome = look(l, ret_status);

    if (outcome == LOGGED_IN)
        outcome = open_tunnel(l, &fd, ret_status);
    if (outcome != LOGGED_IN)
        return outcome;
    session = new_session(l, fd, &file, ret_status);
    if (session == NULL) {
        (void)close(fd);
        return GIVE_UP;
    }
    /* From here on the descriptor is the session's. */
    if (ssh_connect(session) != SSH_OK) {
        wait_for(l, "SSH does not answer yet");
        outcome = AGAIN;
    } else {
        *ret_status = hostkey_check(l->cli, session, &l->guest, file);
        outcome = *ret_status == STATUS_OK ? authenticate(l, session, ret_status) : GIVE_UP;
    }
    if (outcome == LOGGED_IN) {
        *ret_session = session;
        return outcome;
    }
    ssh_disconnect(session);
    ssh_free(session);
    return outcome;
}

static int log_in(struct login *l, ssh_session *ret_session)
{
    for (;;) {
        int status = STATUS_OK;
        enum outcome outcome = try_login(l, ret_session, &status);

        if (outcome != AGAIN)
            screen_progress_end();
        if (outcome == LOGGED_IN)
            return STATUS_OK;
        if (outcome == GIVE_UP)
            return status;
        if (clock_monotonic() + RETRY_MS >= l->deadline) {
            complain("%s: given up after %lld s: %s", guest_label(l->cli, &l->guest),
                     (long long)((clock_monotonic() - l->began) / 1000), l->why);
            return STATUS_UNREACHED;
        }
        clock_sleep(RETRY_MS);
    }
}

static const char *command_of(struct arena *a, const struct words *words)
{
    const char *command = NULL;

    for (size_t i = 1; i < words->n; i++)
        command = command == NULL ? words->v[i] : arena_printf(a, "%s %s", command, words->v[i]);
    return command;
}

static int run_ssh(struct cli *c, int argc, char **argv)
{
    struct login login = {.cli = c, .began = clock_monotonic()};
    int64_t timeout_s = TIMEOUT_S;
    bool want_pty = false;
    const struct option_row rows[] = {
        {"--identity", "-i", .value = &login.key},
        {"--login", "-l", .value = &login.user},
        {"--tty", "-t", .on = &want_pty},
        {"--timeout", NULL, .number = &timeout_s},
    };
    const char *command, *at;
    ssh_session session = NULL;
    struct words words;
    int status = options_parse(c, "ssh", rows, ARRAY_SIZE(rows), 1, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n == 0)
        return usage_error("ssh", "ssh to which instance?");
    at = strchr(words.v[0], '@');
    if (at != NULL && login.user == NULL)
        login.user = arena_strndup(c->arena, words.v[0], (size_t)(at - words.v[0]));
    if (login.user == NULL)
        login.user = DEFAULT_USER;
    status = guest_find(c, at == NULL ? words.v[0] : at + 1, &login.guest);
    if (status != STATUS_OK)
        return status;
    login.deadline = login.began + timeout_s * 1000;
    status = log_in(&login, &session);
    ssh_key_free(login.ephemeral);
    if (status != STATUS_OK)
        return status;
    command = command_of(c->arena, &words);
    status = ssh_run(session, command, want_pty || (command == NULL && screen_is_terminal(stdin)));
    ssh_disconnect(session);
    ssh_free(session);
    return status;
}

const struct verb ssh_verbs[] = {
    {"ssh", run_ssh, "[-i KEY] [-l USER] [-t] [--timeout S] [USER@]NAME|ID [--] [COMMAND...]",
     "Logs in to an instance, or runs a command there",
     "It waits for a guest that boots and says what for, at most --timeout seconds (300). The key\n"
     "is that of -i, else the one kept for the instance's key pair, else one that is made on the\n"
     "spot and sent by EC2 Instance Connect, else the agent's. Without a command it is a shell; "
     "~.\n"
     "at the beginning of a line ends it, ~? shows what else there is. The exit status is\n"
     "the command's, or 255."},
    {NULL, NULL, NULL, NULL, NULL},
};
