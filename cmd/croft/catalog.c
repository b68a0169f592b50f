#include "croft/catalog.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/wildcard.h"

static const struct key {
    const char *name;
    size_t offset;
    bool needed; /* of a published image */
} keys[] = {
    {"name", offsetof(struct catalog_image, name), true},
    {"image-name", offsetof(struct catalog_image, image_name), true},
    {"architecture", offsetof(struct catalog_image, architecture), true},
    {"file", offsetof(struct catalog_image, file), true},
    {"directory", offsetof(struct catalog_image, directory), false},
    {"checksums", offsetof(struct catalog_image, checksums), true},
    {"owner-alias", offsetof(struct catalog_image, owner_alias), false},
    {"root-device", offsetof(struct catalog_image, root_device), true},
    {"user", offsetof(struct catalog_image, user), true},
    {"description", offsetof(struct catalog_image, description), true},
    {"root-size", SIZE_MAX, false}, /* of what is built */
};

static const char **member(struct catalog_image *i, const struct key *k)
{
    return (const char **)(void *)((char *)i + k->offset);
}

static const struct key *key_of(const char *name)
{
    for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
        if (streq(keys[k].name, name))
            return &keys[k];
    return NULL;
}

static bool has_one_star(const char *pattern)
{
    const char *star = strchr(pattern, '*');
    return star == NULL || strchr(star + 1, '*') == NULL;
}

/* A block is over. */
static int check(struct catalog_image *i, size_t line, struct err *e)
{
    if (i->name == NULL)
        return err_set(e, EINVAL, "line %zu: the image above has no name", line);
    if (i->directory == NULL)
        return 0;
    for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
        if (keys[k].needed && *member(i, &keys[k]) == NULL)
            return err_set(e, EINVAL, "line %zu: %s has no %s", line, i->name, keys[k].name);
    size_t len = strlen(i->directory);
    if ((!has_prefix(i->directory, "https://") && !has_prefix(i->directory, "http://")) ||
        i->directory[len - 1] != '/')
        return err_set(e, EINVAL, "line %zu: the directory of %s is no URL that ends in a slash",
                       line, i->name);
    if (!has_one_star(i->file) || !has_one_star(i->image_name))
        return err_set(e, EINVAL, "line %zu: a name of %s has more than one *", line, i->name);
    return 0;
}

static int take(struct catalog_image *i, char *text, size_t line, struct err *e)
{
    size_t len = strcspn(text, " \t");
    char *value = text + len;
    value += strspn(value, " \t");
    text[len] = '\0';
    const struct key *k = key_of(text);
    if (k == NULL)
        return err_set(e, EINVAL, "line %zu: there is no '%s'", line, text);
    if (*value == '\0')
        return err_set(e, EINVAL, "line %zu: %s has no value", line, text);
    if (k->offset != SIZE_MAX)
        *member(i, k) = value;
    return 0;
}

static char *next_line(char **rest)
{
    char *line = strsep(rest, "\n");
    if (line != NULL)
        line[strcspn(line, "\r")] = '\0';
    return line;
}

int catalog_read(struct arena *a, const char *text, struct catalog *ret, struct err *e)
{
    struct catalog_image image = {0};
    struct catalog found = {0};
    char *rest = arena_strdup(a, text);
    bool any = false;
    size_t number = 0;
    for (bool over = false; !over;) {
        char *line = next_line(&rest);
        number++;
        over = line == NULL;
        if (!over && line[0] == '#')
            continue;
        int r = 0;
        if (!over && line[0] != '\0') {
            r = take(&image, line, number, e);
            any = true;
        } else if (any) {
            r = check(&image, number, e);
            *arena_append(a, &found) = image;
            image = (struct catalog_image){0};
            any = false;
        }
        if (r < 0)
            return r;
    }
    *ret = found;
    return 0;
}

const struct catalog_image *catalog_find(const struct catalog *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].directory != NULL && streq(c->v[i].name, name))
            return &c->v[i];
    return NULL;
}

/* Of a file that becomes part of a URL and of a path. */
static bool is_plain(const char *file)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+~-";
    return *file != '\0' && *file != '.' && file[strspn(file, letters)] == '\0';
}

static bool is_digest(const char *hex)
{
    size_t len = strspn(hex, "0123456789abcdefABCDEF");
    return hex[len] == '\0' && (len == 64 || len == 128);
}

/* "SHA256 (FILE) = HEX" */
static bool of_bsd(char *line, char **ret_file, char **ret_digest)
{
    if (!has_prefix(line, "SHA256 (") && !has_prefix(line, "SHA512 ("))
        return false;
    char *end = strstr(line, ") = ");
    if (end == NULL)
        return false;
    *end = '\0';
    *ret_file = line + strlen("SHA256 (");
    *ret_digest = end + strlen(") = ");
    return true;
}

/* "HEX  FILE", "HEX *FILE" or "HEX" */
static void of_coreutils(char *line, char **ret_file, char **ret_digest)
{
    size_t len = strcspn(line, " \t");
    char *file = line + len;
    file += strspn(file, " \t");
    file += *file == '*';
    file += has_prefix(file, "./") ? 2 : 0;
    line[len] = '\0';
    *ret_file = file;
    *ret_digest = line;
}

static const char *lower(struct arena *a, const char *text)
{
    char *s = arena_strdup(a, text);
    for (char *c = s; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return s;
}

int catalog_published(struct arena *a, const char *checksums, const char *pattern,
                      struct published *ret, struct err *e)
{
    const char *star = strchr(pattern, '*');
    char *rest = arena_strdup(a, checksums);
    char *line = NULL;
    struct published found = {0};
    while ((line = next_line(&rest)) != NULL) {
        char *file = NULL;
        char *digest = NULL;
        if (!of_bsd(line, &file, &digest))
            of_coreutils(line, &file, &digest);
        if (*file == '\0' && star == NULL)
            file = arena_strdup(a, pattern);
        if (!is_digest(digest) || !is_plain(file) || !wildcard_match(pattern, file))
            continue;
        found = (struct published){.file = file, .digest = lower(a, digest)};
        if (star != NULL) {
            size_t before = (size_t)(star - pattern);
            found.version = arena_strndup(a, file + before, strlen(file) + 1 - strlen(pattern));
        }
    }
    if (found.file == NULL)
        return err_set(e, ENOENT, "the publisher's checksums name no %s", pattern);
    *ret = found;
    return 0;
}

const char *catalog_fill(struct arena *a, const char *pattern, const char *with)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return pattern;
    return arena_printf(a, "%.*s%s%s", (int)(star - pattern), pattern, with, star + 1);
}
