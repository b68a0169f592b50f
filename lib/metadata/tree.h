#pragma once
/*
 * The tree of metadata: one table of paths (paths.c), each with a function that makes its value
 * from the guest's rows. Folders and their listings follow from the table.
 *
 * A component "*" of a path stands for names that the guest's rows give: `names` of the folder
 * that it is in says which.
 */
#include "metadata/guest.h"

#define TREE_DEPTH_MAX   10        /* components of a path below the version */
#define TREE_LISTING_MAX (1 << 20) /* bytes */

/* data is NULL where there is none: then the path does not exist for this guest. */
struct value {
    const char *data;
    size_t len;
};

/* What stood where the path has its stars, in order. */
typedef struct value value_fn(struct guest *g, const char *const *at);

struct name {
    const char *name;
    const char *shown; /* in the listing; NULL: as any other */
};
struct name_list {
    struct name *v;
    size_t n;
};
typedef struct name_list names_fn(struct guest *g, const char *const *at);

struct path_row {
    const char *path; /* below the version: "meta-data/ami-id" */
    value_fn *value;
    const char *type; /* of the content; NULL: text/plain */
    bool always;      /* it exists for everybody: a listing need not make it */
};

struct folder_row {
    const char *path; /* "meta-data/tags/instance": where "*" is */
    names_fn *names;
};

extern const struct path_row tree_paths[];
extern const size_t tree_n_paths;
extern const struct folder_row tree_folders[];
extern const size_t tree_n_folders;

struct answer {
    struct value value;
    const char *type;
};

/* What is at a path as it stands in a request ("/latest/meta-data/"). False: nothing. */
bool tree_read(struct guest *g, const char *path, struct answer *ret_answer);
/* Is it that path, however many slashes it is written with? */
bool tree_is(struct arena *a, const char *path, const char *other);

/* For value functions. NULL is none. */
struct value value_text(const char *s);
/* A line for each; none when there is none. */
struct value value_lines(struct arena *a, struct text_list l);
