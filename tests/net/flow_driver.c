/*
 * A flow recorder for tests: flow_driver DIRECTORY PLAN. The plan is a file of JSON, read again
 * whenever it changes: [{"vpc", "interface", "addresses": […], "routers": […], "traffic",
 * "interval", "format", "file"}]. Ends with its standard input.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/flow_log.h"
#include "network/flow_log.h"

static const char *text(struct arena *a, const json_t *o, const char *key)
{
    const char *value = json_string_value(json_object_get(o, key));
    return value == NULL ? NULL : arena_strdup(a, value);
}

static const char **texts(struct arena *a, const json_t *o, const char *key, size_t *ret_n)
{
    const json_t *list = json_object_get(o, key);
    const char **v = arena_array(a, json_array_size(list), const char *);
    for (size_t i = 0; i < json_array_size(list); i++)
        v[i] = arena_strdup(a, json_string_value(json_array_get(list, i)));
    *ret_n = json_array_size(list);
    return v;
}

static int plan(void *ctx, struct arena *a, uint64_t *version, struct flow_plan *ret_plan,
                struct err *e)
{
    const char *path = ctx;
    struct stat there;
    if (stat(path, &there) < 0)
        return err_set(e, errno, "cannot read %s", path);
    uint64_t now = (uint64_t)there.st_mtim.tv_sec * 1000000000 + (uint64_t)there.st_mtim.tv_nsec;
    if (now == *version)
        return 0;
    json_error_t error;
    json_t *list = json_load_file(path, 0, &error);
    if (list == NULL)
        return err_set(e, EINVAL, "%s: %s", path, error.text);
    struct flow_target *targets = arena_array(a, json_array_size(list), struct flow_target);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        const char *traffic = text(a, o, "traffic");
        struct flow_target *t = &targets[i];
        t->vpc_id = text(a, o, "vpc");
        t->interface_id = text(a, o, "interface");
        t->account_id = "123456789012";
        t->region = "us-east-1";
        t->addresses = texts(a, o, "addresses", &t->n_addresses);
        t->routers = texts(a, o, "routers", &t->n_routers);
        t->accept = strcmp(traffic, "REJECT") != 0;
        t->reject = strcmp(traffic, "ACCEPT") != 0;
        t->interval = (int)json_integer_value(json_object_get(o, "interval"));
        t->format = text(a, o, "format");
        t->file = text(a, o, "file");
        if (t->format == NULL)
            t->format = FLOW_LOG_FORMAT;
    }
    *ret_plan = (struct flow_plan){targets, json_array_size(list)};
    json_decref(list);
    *version = now;
    return 1;
}

static void report(void *ctx, const char *message)
{
    (void)ctx;
    (void)fprintf(stderr, "flow_driver: %s\n", message);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct flow_recorder_config config = {argv[1], plan, report, argv[2]};
    struct flow_recorder *r = NULL;
    struct err e = {0};
    if (flow_recorder_new(&config, &r, &e) < 0) {
        report(NULL, e.message);
        return 1;
    }
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    flow_recorder_free(r);
    return 0;
}
