#pragma once
/* Instances as the human verbs see them: found by name or id, waited for. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "croft/cli.h"
#include "croft/options.h"

#define WAIT_DEFAULT_S   600
#define POLL_INTERVAL_MS 500

/* All texts are in the arena of the run; those that an instance has not are NULL. */
struct guest {
    const char *id;
    const char *name; /* tag Name */
    const char *state;
    const char *reason; /* why it is in that state */
    const char *type;
    const char *image_id;
    const char *key_name;
    const char *private_address;
    const char *public_address;
    int64_t launched_ms;
};

struct guests {
    struct guest *v;
    size_t n;
};

/* What a message calls it: "web (i-...)". */
const char *guest_label(struct cli *c, const struct guest *g);
bool is_instance_id(const char *word);

/* Everything that the request finds (NULL: all), ordered by launch; exit status. */
int guests_describe(struct cli *c, json_t *request, struct guests *ret);
/*
 * The one instance of that id, or with that name and not terminated. Printed errors: there is none
 * (STATUS_FAILED), or several have the name.
 */
int guest_find(struct cli *c, const char *word, struct guest *ret);
/* The same for each word. */
int guests_find(struct cli *c, const struct words *words, struct guests *ret);
/*
 * Waits until all are in `state`, and shows what for. STATUS_FAILED when one ends in another state
 * for good, with its reason, or when the time is over.
 */
int guests_wait(struct cli *c, struct guests *guests, const char *state, int64_t timeout_s);
json_t *ids_of(const struct guests *guests);
