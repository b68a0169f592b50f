/* croft image add, ls, rm. pull is in pull.c. */
#include "croft/images.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "croft/instances.h"
#include "croft/options.h"
#include "croft/output.h"
#include "croft/screen.h"
#include "croft/table.h"
#include "croft/verbs.h"

#define UPLOAD_TARGET "/v1/uploads"
#define IMPORT_WAIT_S 3600 /* converting a large image on a slow disk */

static struct image image_of(struct cli *c, const json_t *image)
{
    struct arena *a = c->arena;

    return (struct image){
        .id = arena_strdup(a, json_text(image, "ImageId")),
        .name = arena_strdup(a, json_text(image, "Name")),
        .state = arena_strdup(a, json_text(image, "State")),
        .architecture = arena_strdup(a, json_text(image, "Architecture")),
        .root_device = arena_strdup(a, json_text(image, "RootDeviceName")),
        .reason = arena_strdup(a, json_text(json_object_get(image, "StateReason"), "Message")),
    };
}

static bool is_newer(const json_t *x, const json_t *y)
{
    const char *a = json_text(x, "CreationDate"), *b = json_text(y, "CreationDate");
    return a != NULL && b != NULL && strcmp(a, b) > 0; /* ISO 8601 sorts as text */
}

static int look(struct cli *c, const char *word, struct image *ret, bool *ret_found)
{
    _cleanup_json_ json_t *reply = NULL;
    json_t *request = json_object(), *image;
    const json_t *newest = NULL;
    size_t i;
    int status;

    if (word != NULL && id_is_wellformed(word, "ami"))
        json_object_set_new(request, "ImageIds", json_pack("[s]", word));
    else
        json_object_set_new(request, "Filters", filter_of("state", "available"));
    *ret_found = false;
    status = cli_describe(c, "DescribeImages", request, NULL, &reply);
    if (status != STATUS_OK)
        return status;
    json_array_foreach(json_object_get(reply, "Images"), i, image)
    {
        bool named =
            word == NULL || id_is_wellformed(word, "ami") || streq(json_text(image, "Name"), word);
        if (named && (newest == NULL || is_newer(image, newest)))
            newest = image;
    }
    if (newest != NULL && json_text(newest, "ImageId") != NULL) {
        *ret = image_of(c, newest);
        *ret_found = true;
    }
    return STATUS_OK;
}

bool image_is_there(struct cli *c, const char *name, struct image *ret, int *ret_status)
{
    bool found = false;
    *ret_status = look(c, name, ret, &found);
    return found;
}

int image_find(struct cli *c, const char *word, struct image *ret)
{
    bool found = false;
    int status = look(c, word, ret, &found);

    if (status != STATUS_OK || found)
        return status;
    if (word == NULL)
        complain("there is no image: croft image pull NAME, or croft image add FILE --name NAME");
    else
        complain("there is no image '%s' (croft image ls shows all)", word);
    return STATUS_FAILED;
}

void image_show_progress(const int64_t *began, const char *what, int64_t done, int64_t total)
{
    static int64_t shown;
    int64_t now = clock_monotonic();

    /* Elsewhere than on a terminal every new figure would be a line of its own. */
    if (now - shown < 200 || !screen_is_terminal(stderr) || total <= 0)
        return;
    shown = now;
    screen_progress(*began, "%s: %lld of %lld MiB, %d %%", what, (long long)(done >> 20),
                    (long long)(total >> 20), (int)(done * 100 / total));
}

static int show_progress(void *ctx, int64_t done, int64_t total)
{
    image_show_progress(ctx, "Uploading", done, total);
    return 0;
}

/* Sends the file; the id of the upload in *ret_id. */
static int upload(struct cli *c, const char *path, const char **ret_id)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    _cleanup_json_ json_t *answer = NULL;
    int64_t began = clock_monotonic();
    struct err e = {0};
    struct stat file;
    struct client *client;
    int r, status = STATUS_OK;

    if (fd < 0 || fstat(fd, &file) < 0) {
        complain("%s: %s", path, strerrordesc_np(errno));
        return STATUS_UNREACHED;
    }
    if (!S_ISREG(file.st_mode) || file.st_size == 0) {
        complain("%s is %s", path, S_ISREG(file.st_mode) ? "empty" : "no plain file");
        return STATUS_UNREACHED;
    }
    client = cli_client(c, "ec2", &status);
    if (client == NULL)
        return status;
    note("Uploading %s, %lld MiB", path, (long long)((file.st_size + (1 << 20) - 1) >> 20));
    r = client_put_file(client, UPLOAD_TARGET, fd, file.st_size, show_progress, &began, &reply, &e);
    screen_progress_end();
    if (r < 0) {
        complain("%s", e.message);
        if (reply.request_id[0] != '\0' && r == -EREMOTEIO)
            note("(request id %s)", reply.request_id);
        return r == -EREMOTEIO ? STATUS_REFUSED : STATUS_UNREACHED;
    }
    answer = json_loadb(buf_str(&reply.body), reply.body.len, 0, NULL);
    if (json_text(answer, "UploadId") == NULL) {
        complain("the answer to the upload has no UploadId");
        return STATUS_UNREACHED;
    }
    *ret_id = arena_strdup(c->arena, json_text(answer, "UploadId"));
    return STATUS_OK;
}

static int remove_image(struct cli *c, const char *id)
{
    _cleanup_json_ json_t *reply = NULL;
    return cli_call(c, "DeregisterImage",
                    json_pack("{s:s, s:b}", "ImageId", id, "DeleteAssociatedSnapshots", 1), NULL,
                    &reply);
}

static int wait_available(struct cli *c, const char *id)
{
    int64_t began = clock_monotonic();

    for (;;) {
        _cleanup_json_ json_t *reply = NULL;
        struct image image;
        int status =
            cli_call(c, "DescribeImages", json_pack("{s:[s]}", "ImageIds", id), NULL, &reply);

        if (status != STATUS_OK)
            return status;
        image = image_of(c, json_array_get(json_items(reply, "Images"), 0));
        if (streq(image.state, "available")) {
            screen_progress_end();
            return STATUS_OK;
        }
        if (image.state != NULL && !streq(image.state, "pending")) {
            complain("the image is %s: %s", image.state,
                     image.reason == NULL ? "no reason is known"
                                          : text_harmless(c->arena, image.reason));
            (void)remove_image(c, id);
            return STATUS_FAILED;
        }
        if (clock_monotonic() - began > (int64_t)IMPORT_WAIT_S * 1000) {
            complain("%s is still pending after %d s", id, IMPORT_WAIT_S);
            return STATUS_FAILED;
        }
        screen_progress(began, "Waiting for %s to be available: it is checked and converted", id);
        clock_sleep(POLL_INTERVAL_MS);
    }
}

int image_add(struct cli *c, const char *path, const struct new_image *image)
{
    _cleanup_json_ json_t *reply = NULL;
    const char *upload_id = NULL, *id;
    json_t *request;
    int status = upload(c, path, &upload_id);

    if (status != STATUS_OK)
        return status;
    request = json_pack("{s:s, s:s, s:s, s:s}", "Name", image->name, "Architecture",
                        image->architecture, "RootDeviceName", image->root_device, "ImageLocation",
                        arena_printf(c->arena, "upload:%s", upload_id));
    if (image->owner_alias != NULL)
        json_object_set_new(request, "OwnerAlias", json_string(image->owner_alias));
    if (image->description != NULL)
        json_object_set_new(request, "Description", json_string(image->description));
    status = cli_call(c, "RegisterImage", request, NULL, &reply);
    if (status != STATUS_OK)
        return status;
    id = arena_strdup(c->arena, json_text(reply, "ImageId"));
    if (id == NULL) {
        complain("the answer has no ImageId");
        return STATUS_UNREACHED;
    }
    status = wait_available(c, id);
    if (status == STATUS_OK)
        printf("%s\n", id);
    return status;
}

static int run_add(struct cli *c, int argc, char **argv)
{
    struct new_image image = {.architecture = "x86_64", .root_device = "/dev/xvda"};
    const struct option_row rows[] = {
        {"--name", "-n", .value = &image.name},
        {"--owner-alias", NULL, .value = &image.owner_alias},
        {"--description", NULL, .value = &image.description},
        {"--architecture", NULL, .value = &image.architecture},
        {"--root-device-name", NULL, .value = &image.root_device},
    };
    struct words words;
    int status = options_parse(c, "image", rows, ARRAY_SIZE(rows), 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n != 1 || image.name == NULL)
        return usage_error("image", "croft image add FILE --name NAME");
    return image_add(c, words.v[0], &image);
}

static int run_ls(struct cli *c, int argc, char **argv)
{
    static const struct column columns[] = {{"NAME", .shrinks = true},
                                            {"ID"},
                                            {"STATE"},
                                            {"ARCH", .goes = true},
                                            {"OWNER", .shrinks = true, .goes = true},
                                            {"CREATED", .goes = true},
                                            {"DESCRIPTION", .shrinks = true, .goes = true}};
    struct table t = {.columns = columns, .n_columns = ARRAY_SIZE(columns)};
    _cleanup_json_ json_t *reply = NULL;
    struct words words;
    json_t *image;
    size_t i;
    int status = options_parse(c, "image", NULL, 0, 0, argc, argv, &words);

    if (status == STATUS_OK)
        status = cli_describe(c, "DescribeImages", NULL, NULL, &reply);
    if (status != STATUS_OK)
        return status;
    if (c->output == OUTPUT_JSON)
        return output_json(json_items(reply, "Images"));
    json_array_foreach(json_object_get(reply, "Images"), i, image)
    {
        const char *alias = json_text(image, "ImageOwnerAlias"), *date;

        date = json_text(image, "CreationDate");
        *table_add(c->arena, &t) = (struct table_row){
            {{json_text(image, "Name"), COLOUR_BOLD},
             {json_text(image, "ImageId")},
             {json_text(image, "State")},
             {json_text(image, "Architecture")},
             {alias != NULL ? alias : json_text(image, "OwnerId")},
             {date == NULL ? NULL : arena_strndup(c->arena, date, strnlen(date, 10))},
             {json_text(image, "Description")}}};
    }
    table_print(c->arena, &t);
    return STATUS_OK;
}

static int run_rm(struct cli *c, int argc, char **argv)
{
    struct words words;
    int status = options_parse(c, "image", NULL, 0, 0, argc, argv, &words);

    if (status == STATUS_OK && words.n == 0)
        return usage_error("image", "croft image rm ID|NAME...");
    for (size_t i = 0; i < words.n && status == STATUS_OK; i++) {
        struct image image;

        status = image_find(c, words.v[i], &image);
        if (status == STATUS_OK)
            status = remove_image(c, image.id);
        if (status == STATUS_OK)
            printf("%s: removed\n", image.id);
    }
    return status;
}

const struct verb image_verbs[] = {
    {"add", run_add,
     "FILE --name NAME [--owner-alias ALIAS] [--description TEXT]\n"
     "          [--architecture x86_64|arm64] [--root-device-name DEVICE]",
     "Uploads a disk image (qcow2, raw, vmdk, .gz, .xz), registers it and prints its id",
     "It waits until the image is available. One that turns out to be no image is removed again."},
    {"pull", image_pull, "[NAME [--name IMAGE-NAME]] [--catalog FILE]",
     "Downloads an image of the catalogue, registers it and prints its id; without NAME: the "
     "catalogue",
     "It is registered only when it has the digest that its publisher names. What was interrupted "
     "goes on where it ended."},
    {"ls", run_ls, "", "Lists the images", NULL},
    {"rm", run_rm, "ID|NAME...", "Removes images; instances keep their disks", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
