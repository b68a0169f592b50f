/* Where access keys come from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "client/client_internal.h"

#define FILE_MAX ((size_t)1 << 20)

static void take(struct client_credentials *k, const char *name, const char *value)
{
    if (streq(name, "aws_access_key_id"))
        k->access_key_id = value;
    else if (streq(name, "aws_secret_access_key"))
        k->secret_access_key = value;
    else if (streq(name, "aws_session_token"))
        k->session_token = value;
}

/* "[profile]" sections of "name = value" lines; '#' and ';' begin comment lines. */
static struct client_credentials parse(char *text, const char *profile)
{
    struct client_credentials k = {0};
    bool ours = false;
    while (text != NULL) {
        char *line = text_trim(strsep(&text, "\n"));
        size_t len = strlen(line);
        if (line[0] == '[' && line[len - 1] == ']') {
            line[len - 1] = '\0';
            ours = streq(text_trim(line + 1), profile);
        } else if (ours && line[0] != '#' && line[0] != ';') {
            char *value = strchr(line, '=');
            if (value == NULL)
                continue;
            *value++ = '\0';
            take(&k, text_trim(line), text_trim(value));
        }
    }
    return k;
}

int client_credentials_find(const char *profile, struct arena *a,
                            struct client_credentials *ret_credentials, struct err *e)
{
    struct client_credentials k = {
        .access_key_id = getenv("AWS_ACCESS_KEY_ID"),
        .secret_access_key = getenv("AWS_SECRET_ACCESS_KEY"),
        .session_token = getenv("AWS_SESSION_TOKEN"),
    };
    if (str_empty(profile) && !str_empty(k.access_key_id) && !str_empty(k.secret_access_key)) {
        *ret_credentials = (struct client_credentials){
            arena_strdup(a, k.access_key_id),
            arena_strdup(a, k.secret_access_key),
            str_empty(k.session_token) ? NULL : arena_strdup(a, k.session_token),
        };
        return 0;
    }
    if (str_empty(profile))
        profile = getenv("AWS_PROFILE");
    if (str_empty(profile))
        profile = "default";
    const char *path = getenv("AWS_SHARED_CREDENTIALS_FILE");
    const char *home = getenv("HOME");
    if (str_empty(path))
        path = arena_printf(a, "%s/.aws/credentials", home == NULL ? "" : home);
    _cleanup_buf_ struct buf text = BUF_INIT(FILE_MAX);
    int r = file_exists(path) ? file_read(path, &text, e) : 0;
    if (r < 0)
        return r;
    k = parse(arena_strndup(a, buf_str(&text), text.len), profile);
    if (text.data != NULL)
        explicit_bzero(text.data, text.len);
    if (str_empty(k.access_key_id) || str_empty(k.secret_access_key))
        return err_set(e, ENOENT,
                       "there is no access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                       "or write profile '%s' into %s",
                       profile, path);
    *ret_credentials = k;
    return 0;
}
