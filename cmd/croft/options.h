#pragma once
/*
 * The options of a human verb: `-i KEY`, `--image=X`, switches, words in between; `--` ends them.
 * Options of every verb are taken anywhere before that.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "croft/cli.h"

struct option_row {
    const char *name;       /* "--image" */
    const char *short_name; /* "-i", or NULL */
    const char **value;     /* where the word behind it goes */
    bool *on;               /* or: what it switches on */
    int64_t *number;        /* or: a whole number, 0 or more */
};

struct words {
    char **v;
    size_t n;
};

/*
 * STATUS_OK with the words that are no options, or STATUS_USAGE after the message. With
 * `stop_after` > 0 everything behind that many words is a word, too: a command for the guest.
 */
int options_parse(struct cli *c, const char *topic, const struct option_row *rows, size_t n_rows,
                  size_t stop_after, int argc, char **argv, struct words *ret);
