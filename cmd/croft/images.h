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
