/* croft image pull: an image of the catalogue, from its publisher into Croft. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "client/download.h"
#include "croft/catalog.h"
#include "croft/images.h"
#include "croft/keyfiles.h"
#include "croft/options.h"
#include "croft/output.h"
#include "croft/screen.h"
#include "croft/table.h"

#define CHECKSUMS_MAX ((size_t)4 << 20)
#define IMAGE_MAX     ((int64_t)64 << 30)

/* What is to be had, as far as it is known before it is here. */
struct offer {
    const struct catalog_image *image;
    struct published published;
    const char *url;
    const char *name; /* what it will be called */
    int64_t size;     /* -1: unknown */
};

static int told(const struct err *e)
{
    screen_progress_end();
    complain("%s", e->message);
    return STATUS_FAILED;
}

static int read_catalog(struct cli *c, const char *path, struct catalog *ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT(CATALOG_MAX);
    struct err e = {0};

    if (path != NULL && file_read(path, &text, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    if (catalog_read(c->arena, path == NULL ? catalog_text : buf_str(&text), ret, &e) < 0) {
        complain("%s: %s", path == NULL ? "the catalogue" : path, e.message);
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

static int list(struct cli *c, const struct catalog *catalog)
{
    static const struct column columns[] = {{"NAME"},
                                            {"DESCRIPTION", .shrinks = true},
                                            {"ARCH", .goes = true},
                                            {"LOGIN", .goes = true},
                                            {"FROM", .shrinks = true, .goes = true}};
    struct table t = {.columns = columns, .n_columns = ARRAY_SIZE(columns)};
    json_t *all = json_array();

    for (size_t i = 0; i < catalog->n; i++) {
        const struct catalog_image *image = &catalog->v[i];

        if (image->directory == NULL)
            continue;
        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:s}", "Name", image->name,
                                             "Description", image->description, "Architecture",
                                             image->architecture, "User", image->user, "Directory",
                                             image->directory));
        *table_add(c->arena, &t) = (struct table_row){{{image->name, COLOUR_BOLD},
                                                       {image->description},
                                                       {image->architecture},
                                                       {image->user},
                                                       {image->directory}}};
    }
    if (c->output == OUTPUT_JSON) {
        int status = output_json(all);
        json_decref(all);
        return status;
    }
    json_decref(all);
    table_print(c->arena, &t);
    return STATUS_OK;
}

/* "20261126", of the file's time or else of today. */
static const char *day_of(struct arena *a, int64_t seconds)
{
    time_t when = seconds < 0 ? (time_t)(clock_now() / 1000) : (time_t)seconds;
    struct tm day;
    char text[16];

    (void)gmtime_r(&when, &day);
    (void)strftime(text, sizeof(text), "%Y%m%d", &day);
    return arena_strdup(a, text);
}

/* Asks the publisher what there is. */
static int look(struct cli *c, const struct catalog_image *image, const char *name,
                struct offer *ret, struct err *e)
{
    _cleanup_buf_ struct buf checksums = BUF_INIT(CHECKSUMS_MAX);
    struct download_facts facts;
    struct offer o = {.image = image};
    const char *found = NULL, *version;
    int r = download_text(arena_printf(c->arena, "%s%s", image->directory, image->checksums),
                          &checksums, c->arena, &found, e);

    if (r == 0)
        r = catalog_published(c->arena, buf_str(&checksums), image->file, &o.published, e);
    if (r < 0)
        return r;
    CHECK(o.published.digest != NULL);
    /* "latest" may have led to a directory of its own version. */
    o.url = arena_printf(c->arena, "%.*s%s", (int)(strrchr(found, '/') + 1 - found), found,
                         o.published.file);
    r = download_look(o.url, &facts, e);
    if (r < 0)
        return r;
    version = o.published.version;
    if (version == NULL)
        version = day_of(c->arena, facts.modified);
    o.name = name != NULL ? name : catalog_fill(c->arena, image->image_name, version);
    o.size = facts.size;
    *ret = o;
    return 0;
}

static int show_progress(void *ctx, int64_t done, int64_t total)
{
    image_show_progress(ctx, "Downloading", done, total);
    return 0;
}

/* In the arena of the run; of the digest, so that parts of two versions never meet. */
static int path_of(struct cli *c, const struct offer *o, const char **ret_path, struct err *e)
{
    int r = data_path(
        c->arena,
        arena_printf(c->arena, "downloads/%.16s-%s", o->published.digest, o->published.file),
        ret_path, e);
    return r < 0 ? r : data_make(c->arena, *ret_path, e);
}

static int download(const struct offer *o, const char *path, struct err *e)
{
    char digest[DIGEST_HEX_MAX];
    int64_t began = clock_monotonic();
    int r = download_file(o->url, path, IMAGE_MAX, show_progress, &began, e);

    screen_progress_end();
    if (r == 0)
        r = data_give(path, e);
    if (r == 0) {
        screen_progress(began, "Checking the digest");
        r = download_digest(path, strlen(o->published.digest), digest, e);
        screen_progress_end();
    }
    if (r < 0 || streq(digest, o->published.digest))
        return r;
    (void)unlink(path);
    return err_set(e, EBADMSG,
                   "%s is not what its publisher says it is (its digest is %.16s…, not %.16s…); "
                   "it was removed",
                   o->published.file, digest, o->published.digest);
}

static int pull(struct cli *c, const struct catalog_image *image, const char *name)
{
    const char *path = NULL;
    struct image there;
    struct offer o;
    struct err e = {0};
    int status = STATUS_OK;

    note("Asking %s", image->directory);
    if (look(c, image, name, &o, &e) < 0)
        return told(&e);
    if (image_is_there(c, o.name, &there, &status)) {
        note("%s is there already", o.name);
        printf("%s\n", there.id);
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    if (o.size >= 0)
        note("Downloading %s, %lld MiB", o.url, (long long)((o.size + (1 << 20) - 1) >> 20));
    else
        note("Downloading %s", o.url);
    if (path_of(c, &o, &path, &e) < 0 || download(&o, path, &e) < 0)
        return told(&e);
    status = image_add(c, path,
                       &(struct new_image){
                           .name = o.name,
                           .architecture = image->architecture,
                           .root_device = image->root_device,
                           .owner_alias = image->owner_alias,
                           .description = image->description,
                       });
    if (status == STATUS_OK)
        (void)unlink(path);
    return status;
}

int image_pull(struct cli *c, int argc, char **argv)
{
    const char *name = NULL, *path = NULL;
    const struct option_row rows[] = {
        {"--name", "-n", .value = &name},
        {"--catalog", NULL, .value = &path},
    };
    const struct catalog_image *image;
    struct catalog catalog;
    struct words words;
    int status = options_parse(c, "image", rows, ARRAY_SIZE(rows), 0, argc, argv, &words);

    if (status == STATUS_OK && words.n > 1)
        return usage_error("image", "croft image pull [NAME]");
    if (status == STATUS_OK)
        status = read_catalog(c, path, &catalog);
    if (status != STATUS_OK)
        return status;
    if (words.n == 0)
        return list(c, &catalog);
    image = catalog_find(&catalog, words.v[0]);
    if (image == NULL) {
        complain("the catalogue has no '%s' (croft image pull shows it)", words.v[0]);
        return STATUS_FAILED;
    }
    return pull(c, image, name);
}
