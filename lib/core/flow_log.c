#include "core/flow_log.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static const struct {
    const char *name;
    int version;
} fields[] = {
#define FLOW_FIELD(id, name, version) {name, version},
#include "core/flow_fields.def"
#undef FLOW_FIELD
};

int flow_log_format_next(const char **at, enum flow_field *ret_field, int *ret_version)
{
    const char *p = *at;
    if (*p == '\0')
        return 0;
    if (!has_prefix(p, "${"))
        return -1;
    p += 2;
    const char *end = strchr(p, '}');
    if (end == NULL)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (strlen(fields[i].name) != (size_t)(end - p) ||
            strncmp(fields[i].name, p, (size_t)(end - p)) != 0)
            continue;
        p = end + 1;
        if (*p == ' ' && p[1] != '\0')
            p++;
        else if (*p != '\0')
            return -1;
        *at = p;
        *ret_field = (enum flow_field)i;
        *ret_version = fields[i].version;
        return 1;
    }
    return -1;
}

int flow_log_format_version(const char *format)
{
    int highest = 0;
    int version = 0;
    enum flow_field field;
    int r = 0;
    while ((r = flow_log_format_next(&format, &field, &version)) > 0)
        highest = version > highest ? version : highest;
    return r < 0 || highest == 0 ? -1 : highest;
}

/* One name of a path, from what a caller chose. */
static const char *safe(struct arena *a, const char *text, size_t len)
{
    char *name = arena_strndup(a, text, len);
    for (char *p = name; *p != '\0'; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || *p == '-' || *p == '_' || *p == '.';
        if (!plain || (*p == '.' && (p == name || p[-1] == '_')))
            *p = '_';
    }
    return *name == '\0' ? "_" : name;
}

/* The rest of an ARN of S3, without "arn:aws:s3:::" and slashes at its ends. */
static const char *s3_folders(struct arena *a, const char *arn)
{
    const char *folders = "s3";
    const char *rest = strstr(arn, ":::");
    rest = rest == NULL ? arn : rest + 3;
    while (*rest != '\0') {
        size_t len = strcspn(rest, "/");
        if (len > 0)
            folders = arena_printf(a, "%s/%s", folders, safe(a, rest, len));
        rest += len + (rest[len] == '/');
    }
    return folders;
}

const char *flow_log_file(struct arena *a, const struct flow_log *log, const char *interface_id)
{
    const char *folder = log->log_group_name != NULL
                             ? safe(a, log->log_group_name, strlen(log->log_group_name))
                             : s3_folders(a, log->log_destination);
    const char *kind = streq(log->traffic_type, "ALL")      ? "all"
                       : streq(log->traffic_type, "ACCEPT") ? "accept"
                                                            : "reject";
    return arena_printf(a, "%s/%s-%s", folder, interface_id, kind);
}
