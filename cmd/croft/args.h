#pragma once
/*
 * The flags of an action, from the model of its request, as `aws` takes them: one flag for each
 * member, and the AWS CLI's own additions for ec2 (custom.h).
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "croft/cli.h"
#include "wire/model.h"

#define ARGS_FILE_MAX  ((size_t)16 << 20) /* of a file:// */
#define ARGS_WORDS_MAX 100000             /* of one flag */

enum flag_kind {
    FLAG_SCALAR,   /* one word */
    FLAG_LIST,     /* words up to the next flag */
    FLAG_STRUCT,   /* one word: shorthand or JSON */
    FLAG_ON,       /* no word: true */
    FLAG_OFF,      /* no word: false */
    FLAG_VALUE_ON, /* a structure around one boolean: no word for true, or one for the structure */
    FLAG_CUSTOM,   /* one word for custom_put() */
    FLAG_SWITCH,   /* no word, for custom_put() */
    FLAG_GENERAL,  /* one word, or none: of every action (--cli-input-json, --page-size, ...) */
};

struct flag {
    const char *name; /* without the dashes */
    enum flag_kind kind;
    const struct wire_field *field; /* NULL for those that are no member */
    bool required;
    bool hidden;      /* taken, but not in the help: a friendlier one says the same */
    const char *help; /* of those that are no member */
    int id;           /* of a custom or general one */
};

struct flags {
    struct flag *v;
    size_t n;
};

struct request {
    json_t *in; /* for cli_call(); owned by whoever parsed */
    bool paginate;
    bool skeleton;     /* --generate-cli-skeleton: nothing is to be sent */
    int64_t page_size; /* 0: the server's */
    int64_t max_items; /* 0: all */
    const char *starting_token;
};

/* All flags of the action, members first. */
struct flags flags_of(struct arena *a, const struct wire_action *action);
/*
 * Parses what stands behind the verb. 0 or -EINVAL with a sentence in e that names the flag;
 * options of every verb go into `c`.
 */
int args_parse(struct cli *c, const struct wire_action *action, int argc, char **argv,
               struct request *ret, struct err *e);
/* The content behind file:// or fileb://, or the word itself; -errno. */
int args_read_word(struct arena *a, const char *word, const char **ret_data, size_t *ret_len,
                   struct err *e);
/* An example of all members, for --generate-cli-skeleton and the help. */
json_t *skeleton_of(const struct wire_struct *s, int depth);
