#include "api/iam.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "auth/policy.h"
#include "base/buf.h"
#include "base/text.h"

#define PAGE_DEFAULT 100
#define LETTERS      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS       "0123456789"
#define BLANKS       " \t\r\n"

int iam_check_name(const char *member, const char *name, struct fault *f)
{
    if (name[strspn(name, LETTERS DIGITS "+=,.@_-")] == '\0')
        return 0;
    return fault(f, FAULT_VALIDATION_ERROR,
                 "The specified value for %s is invalid. It must contain only alphanumeric "
                 "characters and/or the following: +=,.@_-",
                 member);
}

/* AWS's pattern: a slash, or printable ASCII between two. */
static bool is_path(const char *path)
{
    for (const char *at = path; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return path[0] == '/' && path[strlen(path) - 1] == '/' && strstr(path, "//") == NULL;
}

int iam_check_path(const char *path, struct fault *f)
{
    if (path == NULL || is_path(path))
        return 0;
    return fault(f, FAULT_VALIDATION_ERROR,
                 "The specified value for path is invalid. It must begin and end with / and "
                 "contain only alphanumeric characters and/or / characters.");
}

int iam_check_path_prefix(const char *prefix, struct fault *f)
{
    if (prefix == NULL || prefix[0] == '/')
        return 0;
    return fault(f, FAULT_VALIDATION_ERROR,
                 "The specified value for pathPrefix is invalid. It must begin with /");
}

int iam_check_quota(size_t there, size_t max, const char *quota, struct fault *f)
{
    if (there < max)
        return 0;
    return fault(f, FAULT_LIMIT_EXCEEDED, "Cannot exceed quota for %s: %zu", quota, max);
}

size_t iam_document_size(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += strchr(BLANKS, *text) == NULL;
    return n;
}

/* What a trust policy allows or denies is to take the role, in one of STS's ways. */
static int check_trust(const struct policy *p, struct fault *f)
{
    for (size_t i = 0; i < p->n_statements; i++)
        for (size_t j = 0; j < p->statements[i].actions.n; j++)
            if (strncasecmp(p->statements[i].actions.v[j], "sts:", strlen("sts:")) != 0)
                return fault(f, FAULT_MALFORMED_POLICY_DOCUMENT,
                             "AssumeRole policy may only specify STS AssumeRole actions.");
    return 0;
}

int iam_check_document(struct call *c, enum policy_kind kind, const char *text, size_t max,
                       const char *quota, struct fault *f)
{
    struct err e = {0};
    if (max > 0 && iam_document_size(text) > max)
        return fault(f, FAULT_LIMIT_EXCEEDED, "Cannot exceed quota for %s: %zu", quota, max);
    const struct policy *p = policy_parse(c->arena, text, strlen(text), kind, &e);
    if (p == NULL)
        return fault(f, FAULT_MALFORMED_POLICY_DOCUMENT, "The policy is not valid: %s", e.message);
    return kind == POLICY_OF_ROLE ? check_trust(p, f) : 0;
}

static int no_such(struct fault *f, const char *what, const char *name)
{
    return fault(f, FAULT_NO_SUCH_ENTITY, "The %s with name %s cannot be found.", what, name);
}

struct iam_user *iam_find_user(struct call *c, const char *name, struct fault *f)
{
    struct iam_user *row = store_iam_user_named(c->tx, c->arena, c->principal->account_id, name);
    if (row == NULL)
        (void)no_such(f, "user", name);
    return row;
}

struct iam_user *iam_find_user_or_caller(struct call *c, const char *name, struct fault *f)
{
    if (name != NULL)
        return iam_find_user(c, name, f);
    struct iam_user *row = c->principal->kind != PRINCIPAL_USER
                               ? NULL
                               : store_iam_user(c->tx, c->arena, c->principal->user_id);
    if (row == NULL)
        (void)fault(f, FAULT_VALIDATION_ERROR,
                    "Must specify userName when calling with non-User credentials");
    return row;
}

struct iam_group *iam_find_group(struct call *c, const char *name, struct fault *f)
{
    struct iam_group *row = store_iam_group_named(c->tx, c->arena, c->principal->account_id, name);
    if (row == NULL)
        (void)no_such(f, "group", name);
    return row;
}

struct iam_role *iam_find_role(struct call *c, const char *name, struct fault *f)
{
    struct iam_role *row = store_iam_role_named(c->tx, c->arena, c->principal->account_id, name);
    if (row == NULL)
        (void)no_such(f, "role", name);
    return row;
}

struct iam_role *iam_find_own_role(struct call *c, const char *name, struct fault *f)
{
    struct iam_role *row = iam_find_role(c, name, f);
    if (row == NULL || !has_prefix(row->path, IAM_LINKED_ROLE_PATH))
        return row;
    (void)fault(f, FAULT_UNMODIFIABLE_ENTITY,
                "Cannot perform the operation on the protected role '%s' - this role is only "
                "modifiable by AWS",
                row->name);
    return NULL;
}

struct iam_instance_profile *iam_find_instance_profile(struct call *c, const char *name,
                                                       struct fault *f)
{
    struct iam_instance_profile *row =
        store_iam_instance_profile_named(c->tx, c->arena, c->principal->account_id, name);
    if (row == NULL)
        (void)fault(f, FAULT_NO_SUCH_ENTITY, "Instance Profile %s cannot be found.", name);
    return row;
}

struct iam_policy *iam_find_policy(struct call *c, const char *arn, struct fault *f)
{
    struct iam_name name;
    if (!iam_arn_parse(c->arena, arn, &name) || name.kind != IAM_POLICY) {
        (void)fault(f, FAULT_INVALID_INPUT, "ARN %.256s is not valid.", arn);
        return NULL;
    }
    struct iam_policy *row = store_managed_policy(c->tx, c->arena, c->principal->account_id, arn);
    if (row == NULL)
        (void)fault(f, FAULT_NO_SUCH_ENTITY, "Policy %.512s does not exist or is not attachable.",
                    arn);
    return row;
}

struct iam_policy *iam_find_own_policy(struct call *c, const char *arn, struct fault *f)
{
    struct iam_policy *row = iam_find_policy(c, arn, f);
    if (row == NULL || !streq(row->account_id, AWS_ACCOUNT))
        return row;
    (void)fault(f, FAULT_INVALID_INPUT, "The policy %s is managed by AWS and cannot be changed.",
                row->name);
    return NULL;
}

int64_t iam_version_number(const char *version_id)
{
    int64_t number = 0;
    if (version_id[0] != 'v' || version_id[1] < '1' || version_id[1] > '9' ||
        parse_int64(version_id + 1, &number) < 0)
        return 0;
    return number;
}

const char *iam_version_id(struct call *c, int64_t number)
{
    return arena_printf(c->arena, "v%lld", (long long)number);
}

static const char *lowered(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text);
    for (char *at = copy; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return copy;
}

static int compare_keys(const void *x, const void *y)
{
    return strcmp(((const struct iam_ordered *)x)->key, ((const struct iam_ordered *)y)->key);
}

struct iam_ordered *iam_order(struct arena *a, const void *rows, size_t n, size_t size,
                              size_t name_offset)
{
    struct iam_ordered *ordered = arena_array(a, n, struct iam_ordered);
    for (size_t i = 0; i < n; i++) {
        const char *row = (const char *)rows + i * size;
        const char *name = NULL;
        memcpy(&name, row + name_offset, sizeof(name));
        ordered[i] = (struct iam_ordered){lowered(a, name), row};
    }
    if (n > 1)
        qsort(ordered, n, sizeof(*ordered), compare_keys);
    return ordered;
}

bool iam_is_below(const char *path, const char *prefix)
{
    return prefix == NULL || has_prefix(path, prefix);
}

int iam_page_begin(struct call *c, struct opt_int max_items, const char *marker,
                   struct page *ret_page, struct fault *f)
{
    struct fault other = {0};
    if (!max_items.set)
        max_items = wire_int(PAGE_DEFAULT);
    if (page_begin(c, max_items, marker, false, ret_page, &other) < 0)
        return fault(f, FAULT_VALIDATION_ERROR,
                     "Invalid Marker: it is not one that this query with these parameters brought");
    return 0;
}

const char *iam_encoded(struct call *c, const char *document)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = arena_alloc(c->arena, 3 * strlen(document) + 1);
    char *to = text;
    for (; *document != '\0'; document++) {
        if (strchr(LETTERS DIGITS "-._~", *document) != NULL) {
            *to++ = *document;
            continue;
        }
        *to++ = '%';
        *to++ = digits[(unsigned char)*document >> 4];
        *to++ = digits[(unsigned char)*document & 15];
    }
    return text;
}

struct iam_AttachedPermissionsBoundary *iam_boundary(struct call *c, const char *arn)
{
    if (arn == NULL)
        return NULL;
    return IAM_NEW(c, ((struct iam_AttachedPermissionsBoundary){
                          .permissions_boundary_type = "Policy",
                          .permissions_boundary_arn = arn,
                      }));
}
