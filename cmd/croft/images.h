#pragma once
/* Images for the other verbs. */
#include "croft/cli.h"

struct image {
    const char *id;
    const char *name;
    const char *state;
    const char *architecture;
    const char *root_device;
    const char *reason;
};

/*
 * The image of that id; else the newest available one of that name; with NULL the newest available
 * one of all. Exit status.
 */
int image_find(struct cli *c, const char *word, struct image *ret);
/* The same without a complaint when there is none: false, with the exit status of the question. */
bool image_is_there(struct cli *c, const char *name, struct image *ret, int *ret_status);

struct new_image {
    const char *name;
    const char *architecture;
    const char *root_device;
    const char *owner_alias; /* or NULL */
    const char *description; /* or NULL */
};

/* Uploads a file, registers it, waits until it is available and prints its id. Exit status. */
int image_add(struct cli *c, const char *path, const struct new_image *image);
/* A line of progress on a terminal; `began` as of clock_monotonic(). */
void image_show_progress(const int64_t *began, const char *what, int64_t done, int64_t total);

/* pull.c: the verb. */
int image_pull(struct cli *c, int argc, char **argv);
