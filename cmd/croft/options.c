#include "croft/options.h"

#include <string.h>

#include "base/text.h"
#include "croft/names.h"

static const struct option_row *find(const struct option_row *rows, size_t n, const char *word,
                                     const char **ret_value)
{
    *ret_value = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(rows[i].name);

        if (strncmp(word, rows[i].name, len) == 0 && (word[len] == '\0' || word[len] == '=')) {
            *ret_value = word[len] == '=' ? word + len + 1 : NULL;
            return &rows[i];
        }
        if (rows[i].short_name != NULL && has_prefix(word, rows[i].short_name)) {
            /* -iKEY is -i KEY; a switch stands alone. */
            if (word[2] != '\0' && rows[i].on != NULL)
                continue;
            *ret_value = word[2] != '\0' ? word + 2 : NULL;
            return &rows[i];
        }
    }
    return NULL;
}

static int unknown(const char *topic, const struct option_row *rows, size_t n, const char *word)
{
    struct nearest nearest = {.name = word};

    for (size_t i = 0; i < n; i++)
        nearest_offer(&nearest, rows[i].name);
    if (nearest.best != NULL)
        return usage_error(topic, "%s has no %s; is it %s?", topic, word, nearest.best);
    return usage_error(topic, "%s has no %s", topic, word);
}

int options_parse(struct cli *c, const char *topic, const struct option_row *rows, size_t n_rows,
                  size_t stop_after, int argc, char **argv, struct words *ret)
{
    struct words words = {0};
    bool ended = false;

    for (int i = 1; i < argc; i++) {
        const struct option_row *row;
        const char *value;
        int global;

        if (!ended && streq(argv[i], "--")) {
            ended = true;
            continue;
        }
        if (ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            *arena_append(c->arena, &words) = argv[i];
            if (stop_after > 0 && words.n > stop_after)
                ended = true;
            continue;
        }
        global = global_option(c, argc, argv, &i);
        if (global < 0)
            return STATUS_USAGE;
        if (global > 0)
            continue;
        row = find(rows, n_rows, argv[i], &value);
        if (row == NULL)
            return unknown(topic, rows, n_rows, argv[i]);
        if (row->on != NULL) {
            if (value != NULL)
                return usage_error(topic, "%s takes no value", row->name);
            *row->on = true;
            continue;
        }
        if (value == NULL && i + 1 < argc)
            value = argv[++i];
        if (value == NULL)
            return usage_error(topic, "%s needs a value", row->name);
        if (row->number == NULL)
            *row->value = value;
        else if (parse_int64(value, row->number) < 0 || *row->number < 0)
            return usage_error(topic, "%s takes a whole number, not '%s'", row->name, value);
    }
    *ret = words;
    return STATUS_OK;
}
