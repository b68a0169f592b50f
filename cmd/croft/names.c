#include "croft/names.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define NAME_MAX_LEN 256 /* longer words are no names of anything */

/*
 * A plural of an acronym at the end (ARNs, ACLs) is one word: how many characters, or 0.
 */
static size_t plural_acronym(const char *name)
{
    size_t len = strlen(name), n = 0;

    if (len < 3 || name[len - 1] != 's')
        return 0;
    while (n < len - 1 && isupper((unsigned char)name[len - 2 - n]))
        n++;
    return n >= 2 ? n + 1 : 0;
}

/* Puts a dash between a character and a capital that small letters follow. */
static char *split_words(struct arena *a, const char *s)
{
    size_t n = 0, len = strlen(s);
    char *out = arena_alloc(a, 2 * len + 1);

    for (size_t i = 0; i < len;) {
        out[n++] = s[i++];
        if (!isupper((unsigned char)s[i]) || !islower((unsigned char)s[i + 1]))
            continue;
        out[n++] = '-';
        out[n++] = s[i++];
        while (islower((unsigned char)s[i]))
            out[n++] = s[i++];
    }
    return out;
}

/* Puts a dash between a small letter or digit and a capital. */
static char *split_capitals(struct arena *a, const char *s)
{
    size_t n = 0, len = strlen(s);
    char *out = arena_alloc(a, 2 * len + 1);

    for (size_t i = 0; i < len;) {
        char c = s[i];
        out[n++] = s[i++];
        if ((islower((unsigned char)c) || isdigit((unsigned char)c)) &&
            isupper((unsigned char)s[i])) {
            out[n++] = '-';
            out[n++] = s[i++];
        }
    }
    return out;
}

char *name_of_member(struct arena *a, const char *member)
{
    size_t acronym = plural_acronym(member);
    char *name;

    if (strchr(member, '-') != NULL)
        return arena_strdup(a, member);
    if (acronym > 0) {
        size_t head = strlen(member) - acronym;
        char *tail = arena_strdup(a, member + head);
        for (char *p = tail; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        member = arena_printf(a, "%.*s-%s", (int)head, member, tail);
    }
    name = split_capitals(a, split_words(a, member));
    for (char *p = name; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return name;
}

const struct wire_action *action_of_verb(struct arena *a, const char *verb)
{
    const struct wire_service *service;

    for (size_t s = 0; (service = wire_service_at(s)) != NULL; s++) {
        for (size_t i = 0; i < service->n_actions; i++) {
            if (streq(name_of_member(a, service->actions[i].name), verb))
                return &service->actions[i];
        }
    }
    return NULL;
}

/* Edit distance; an exchange of neighbours counts once. */
static size_t distance(const char *x, const char *y)
{
    size_t n = strlen(x), m = strlen(y);
    size_t rows[3][NAME_MAX_LEN + 1];

    if (n > NAME_MAX_LEN || m > NAME_MAX_LEN)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *before = rows[(i + 1) % 3], *last = rows[(i - 1) % 3], *row = rows[i % 3];

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (x[i - 1] != y[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

void nearest_offer(struct nearest *n, const char *candidate)
{
    size_t d = distance(n->name, candidate), len = strlen(n->name);

    /* A beginning that was typed is nearer than any typing error. */
    if (len >= 3 && has_prefix(candidate, n->name))
        d = 1;
    if (d > len / 3 + 1 || (n->best != NULL && d >= n->distance))
        return;
    n->best = candidate;
    n->distance = d;
}
