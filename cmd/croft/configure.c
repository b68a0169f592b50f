/* croft configure: a profile of the AWS command line for this server. */
#include <libssh/libssh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "croft/keyfiles.h"
#include "croft/options.h"
#include "croft/profile.h"
#include "croft/screen.h"
#include "croft/verbs.h"

#define DEFAULT_PROFILE  "croft"
#define DEFAULT_ENDPOINT "http://127.0.0.1:8773"
#define DEFAULT_REGION   "us-east-1"
#define FIRST_KEY        "/var/lib/croft/credentials" /* which croftd wrote when it first started */
#define FILE_MAX         ((size_t)1 << 20)
#define WORD_MAX         256

/* The file's text; "" when there is none. */
static int read_text(struct arena *a, const char *path, const char **ret_text, struct err *e)
{
    _cleanup_buf_ struct buf text = BUF_INIT(FILE_MAX);
    int r = file_exists(path) ? file_read(path, &text, e) : 0;

    if (r == 0)
        *ret_text = arena_strndup(a, buf_str(&text), text.len);
    if (text.data != NULL)
        explicit_bzero(text.data, text.len);
    return r;
}

static bool ask(const char *prompt, char answer[WORD_MAX])
{
    fprintf(stderr, "%s: ", prompt);
    fflush(stderr);
    if (fgets(answer, WORD_MAX, stdin) == NULL)
        return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return true;
}

/* A secret is never an argument, where everybody could read it. */
static bool ask_for_key(struct arena *a, struct profile_key *key)
{
    char id[WORD_MAX] = "", secret[WORD_MAX] = "";
    bool answered = screen_is_terminal(stdin) && ask("Access key id", id) &&
                    ssh_getpass("Secret access key: ", secret, sizeof(secret), 0, 0) == 0;

    if (answered)
        *key = (struct profile_key){arena_strdup(a, id), arena_strdup(a, secret)};
    explicit_bzero(secret, sizeof(secret));
    return answered;
}

static int key_of_file(struct cli *c, const char *path, struct profile_key *ret)
{
    const char *text = "";
    struct err e = {0};

    if (!streq(path, "-") && access(path, R_OK) < 0) {
        complain("cannot read %s", path);
        return STATUS_UNREACHED;
    }
    if (read_text(c->arena, streq(path, "-") ? "/dev/stdin" : path, &text, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    *ret = profile_find_key(c->arena, text);
    if (ret->id != NULL)
        return STATUS_OK;
    complain("there is no access key in %s: neither lines aws_access_key_id and "
             "aws_secret_access_key nor the answer of create-access-key",
             streq(path, "-") ? "stdin" : path);
    return STATUS_FAILED;
}

/* From the file that was named, the environment, the key of the first start, or the terminal. */
static int find_key(struct cli *c, const char *path, struct profile_key *ret)
{
    const char *id = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");

    if (path == NULL && !str_empty(id) && !str_empty(secret)) {
        *ret = (struct profile_key){id, secret};
        return STATUS_OK;
    }
    if (path == NULL && access(FIRST_KEY, R_OK) == 0)
        path = FIRST_KEY;
    if (path != NULL)
        return key_of_file(c, path, ret);
    if (ask_for_key(c->arena, ret))
        return STATUS_OK;
    complain("there is no access key: --credentials FILE names a file with one, or - for stdin");
    return STATUS_NO_KEYS;
}

/* What would break out of its line, or of the brackets around a name. */
static bool is_word(const char *s)
{
    if (str_empty(s) || strlen(s) >= WORD_MAX)
        return false;
    for (; *s != '\0'; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == ']' || *s == '[')
            return false;
    return true;
}

static int edit(struct arena *a, const char *path, const char *header,
                const struct profile_line *lines, size_t n, struct err *e)
{
    /* A link stays one: what it points to is written. */
    _cleanup_free_ char *whither = realpath(path, NULL);
    const char *to = whither == NULL ? path : arena_strdup(a, whither), *text = "";
    int r = data_make(a, to, e);

    if (r == 0)
        r = read_text(a, to, &text, e);
    if (r < 0)
        return r;
    text = profile_edit(a, text, header, lines, n);
    r = file_write(to, text, strlen(text), 0600, e);
    return r < 0 ? r : data_give(to, e);
}

static const char *file_of(struct arena *a, const char *variable, const char *home,
                           const char *name)
{
    const char *path = getenv(variable);

    return str_empty(path) ? arena_printf(a, "%s/.aws/%s", home, name) : path;
}

static int write_profile(struct cli *c, const char *profile, const struct profile_key *key)
{
    const char *endpoint = has_prefix(cli_endpoint(c), "http") ? cli_endpoint(c) : DEFAULT_ENDPOINT;
    const struct profile_line config[] = {
        {"region", c->region != NULL ? c->region : DEFAULT_REGION}, {"endpoint_url", endpoint}};
    const struct profile_line credentials[] = {{"aws_access_key_id", key->id},
                                               {"aws_secret_access_key", key->secret}};
    const char *header =
        streq(profile, "default") ? profile : arena_printf(c->arena, "profile %s", profile);
    const char *home, *config_path, *credentials_path;
    struct err e = {0};
    int r = user_home(c->arena, &home, &e);

    if (r == 0) {
        config_path = file_of(c->arena, "AWS_CONFIG_FILE", home, "config");
        credentials_path = file_of(c->arena, "AWS_SHARED_CREDENTIALS_FILE", home, "credentials");
        r = edit(c->arena, credentials_path, profile, credentials, ARRAY_SIZE(credentials), &e);
        if (r == 0)
            r = edit(c->arena, config_path, header, config, ARRAY_SIZE(config), &e);
    }
    if (r < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    printf("Profile %s: %s in region %s, key %s\n", profile, endpoint, config[0].value, key->id);
    note("aws --profile %s ec2 describe-instances (before 2.13, with --endpoint-url %s)", profile,
         endpoint);
    return STATUS_OK;
}

static int run_configure(struct cli *c, int argc, char **argv)
{
    const char *path = NULL;
    const struct option_row rows[] = {{"--credentials", NULL, .value = &path}};
    const char *profile;
    struct profile_key key = {0};
    struct words words;
    int status = options_parse(c, "configure", rows, ARRAY_SIZE(rows), 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    profile = c->profile != NULL ? c->profile : DEFAULT_PROFILE;
    if (words.n > 0)
        return usage_error("configure", "croft configure [--profile NAME] [--credentials FILE]");
    if (!is_word(profile) || !is_word(cli_endpoint(c)) ||
        (c->region != NULL && !is_word(c->region)))
        return usage_error("configure", "a profile, an endpoint and a region have no blanks, "
                                        "brackets or control characters");
    status = find_key(c, path, &key);
    if (status != STATUS_OK)
        return status;
    if (!is_word(key.id) || !is_word(key.secret)) {
        complain("that is no access key");
        return STATUS_FAILED;
    }
    return write_profile(c, profile, &key);
}

const struct verb configure_verbs[] = {
    {"configure", run_configure, "[--credentials FILE]",
     "Writes a profile of the AWS command line for this server",
     "Into ~/.aws/config and ~/.aws/credentials, whose other profiles stay as they are. --profile\n"
     "names it (croft), --endpoint and --region go into it. The key comes from FILE (- is stdin),\n"
     "which may be what create-access-key answered, else from AWS_ACCESS_KEY_ID and\n"
     "AWS_SECRET_ACCESS_KEY, else it is the server's first one, else it is asked for."},
    {NULL, NULL, NULL, NULL, NULL},
};
