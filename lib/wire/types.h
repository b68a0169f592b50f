#pragma once
/*
 * The types of the members of generated requests and replies (ec2_model.h, sts_model.h).
 *
 *     const char *image_id;            text; NULL is absent
 *     struct opt_int max_results;      a number; .set tells whether it is there
 *     struct ec2_Placement *placement; a structure; NULL is absent
 *     struct ec2_TagList tags;         a list {struct ec2_Tag *v; size_t n;}
 *     struct wire_strings owners;      a list of texts
 *
 * Lists grow with arena_append(). An empty list in a reply below the top level is left out unless
 * `v` is set: wire_list_empty() makes it an element without children, as EC2 shows
 * <productCodes/>. A list at the top level of a reply is always shown.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opt_int {
    bool set;
    int64_t v;
};

struct opt_bool {
    bool set;
    bool v;
};

struct opt_double {
    bool set;
    double v;
};

/* Milliseconds since 1970, UTC. */
struct opt_time {
    bool set;
    int64_t v;
};

/* Bytes; `data` is NULL when absent, and followed by a NUL that does not count. */
struct wire_blob {
    const char *data;
    size_t len;
};

struct wire_strings {
    const char **v;
    size_t n;
};

struct wire_ints {
    int64_t *v;
    size_t n;
};

struct wire_doubles {
    double *v;
    size_t n;
};

/* The request of an action that takes nothing, the reply of one that has nothing to say. */
struct wire_nothing {
    char nothing; /* C has no empty structures */
};

/* out->state = wire_int(16); */
static inline struct opt_int wire_int(int64_t v)
{
    return (struct opt_int){true, v};
}

static inline struct opt_bool wire_bool(bool v)
{
    return (struct opt_bool){true, v};
}

static inline struct opt_double wire_double(double v)
{
    return (struct opt_double){true, v};
}

static inline struct opt_time wire_time(int64_t milliseconds)
{
    return (struct opt_time){true, milliseconds};
}

/* Is the member there and true? */
static inline bool wire_true(struct opt_bool b)
{
    return b.set && b.v;
}

extern char wire_no_elements[];

/* Makes an empty list one that is shown. */
#define wire_list_empty(list) ((void)((list)->n == 0 && ((list)->v = (void *)wire_no_elements)))
