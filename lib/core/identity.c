#include "core/identity.h"

#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "base/text.h"

#define ARN_START  "arn:aws:iam::"
#define ID_LETTERS 17 /* behind the prefix */

static const struct {
    const char *prefix;
    const char *word;
} kinds[_IAM_KIND_MAX] = {
    [IAM_USER] = {"AIDA", "user"},
    [IAM_GROUP] = {"AGPA", "group"},
    [IAM_ROLE] = {"AROA", "role"},
    [IAM_POLICY] = {"ANPA", "policy"},
    [IAM_INSTANCE_PROFILE] = {"AIPA", "instance-profile"},
};

const char *iam_id_prefix(enum iam_kind kind)
{
    return kinds[kind].prefix;
}

const char *iam_kind_word(enum iam_kind kind)
{
    return kinds[kind].word;
}

const char *iam_id_make(struct arena *a, enum iam_kind kind)
{
    return arena_printf(a, "%s%s", kinds[kind].prefix, random_text(a, ID_LETTERS, BASE32_LETTERS));
}

bool iam_id_is(const char *id, enum iam_kind kind)
{
    const char *letters = id + strlen(kinds[kind].prefix);
    return has_prefix(id, kinds[kind].prefix) && strspn(letters, BASE32_LETTERS) == ID_LETTERS &&
           letters[ID_LETTERS] == '\0';
}

const char *iam_arn(struct arena *a, enum iam_kind kind, const char *account_id, const char *path,
                    const char *name)
{
    CHECK(*path == '/'); /* and it ends with one */
    return arena_printf(a, ARN_START "%s:%s%s%s", account_id, kinds[kind].word, path, name);
}

const char *iam_root_arn(struct arena *a, const char *account_id)
{
    return arena_printf(a, ARN_START "%s:root", account_id);
}

bool iam_arn_parse(struct arena *a, const char *arn, struct iam_name *ret_name)
{
    if (!has_prefix(arn, ARN_START))
        return false;
    const char *account = arn + strlen(ARN_START);
    const char *word = strchr(account, ':');
    const char *path = word == NULL ? NULL : strchr(word, '/');
    if (path == NULL || word == account)
        return false;
    const char *name = strrchr(path, '/') + 1;
    for (enum iam_kind kind = 0; kind < _IAM_KIND_MAX; kind++) {
        size_t len = strlen(kinds[kind].word);
        if (*name == '\0' || (size_t)(path - word - 1) != len ||
            strncmp(word + 1, kinds[kind].word, len) != 0)
            continue;
        *ret_name = (struct iam_name){
            .kind = kind,
            .account_id = arena_strndup(a, account, (size_t)(word - account)),
            .path = arena_strndup(a, path, (size_t)(name - path)),
            .name = arena_strdup(a, name),
        };
        return true;
    }
    return false;
}
