#pragma once
/*
 * images/catalog: the images that Croft knows of, and what their publishers say of the files. Pure.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define CATALOG_MAX ((size_t)1 << 20) /* bytes of a catalogue */

struct catalog_image {
    const char *name;
    const char *image_name; /* with at most one * */
    const char *architecture;
    const char *file;        /* with at most one * */
    const char *directory;   /* its URL with a slash at the end; NULL: it is built, not published */
    const char *checksums;   /* a file in there */
    const char *owner_alias; /* or NULL */
    const char *root_device;
    const char *user;
    const char *description;
};

struct catalog {
    struct catalog_image *v;
    size_t n;
};

/* The one that croft was built with. */
extern const char catalog_text[];

/* -EINVAL with a sentence that names the line. All strings are in the arena. */
int catalog_read(struct arena *a, const char *text, struct catalog *ret, struct err *e);
/* NULL: there is none of that name. */
const struct catalog_image *catalog_find(const struct catalog *c, const char *name);

struct published {
    const char *file;
    const char *version; /* what the * stands for; NULL: the pattern has none */
    const char *digest;  /* lower case hex of SHA-256 or SHA-512 */
};

/*
 * The last line of a publisher's checksums whose file fits the pattern. Three forms are in use:
 * "HEX  FILE" and "HEX *FILE" (sha256sum), "SHA256 (FILE) = HEX" (BSD), and HEX alone for the one
 * file that the checksums are named after. -ENOENT: none fits.
 */
int catalog_published(struct arena *a, const char *checksums, const char *pattern,
                      struct published *ret, struct err *e);
/* The pattern with its * replaced. */
const char *catalog_fill(struct arena *a, const char *pattern, const char *with);
