/* Finding instances and waiting for them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "croft/instances.h"
#include "croft/screen.h"

static const char *keep(struct cli *c, const json_t *object, const char *member)
{
    return arena_strdup(c->arena, json_text(object, member));
}

static int64_t time_of(const json_t *value)
{
    int64_t when = 0;

    if (json_is_number(value))
        return (int64_t)(json_number_value(value) * 1000);
    if (json_is_string(value))
        (void)clock_parse_iso8601(json_string_value(value), &when);
    return when;
}

static struct guest guest_of(struct cli *c, const json_t *instance)
{
    const json_t *reason = json_object_get(instance, "StateReason");

    return (struct guest){
        .id = keep(c, instance, "InstanceId"),
        .name = arena_strdup(c->arena, tag_value(json_items(instance, "Tags"), "Name")),
        .state = keep(c, json_object_get(instance, "State"), "Name"),
        .reason = reason != NULL ? keep(c, reason, "Message") : NULL,
        .type = keep(c, instance, "InstanceType"),
        .image_id = keep(c, instance, "ImageId"),
        .key_name = keep(c, instance, "KeyName"),
        .private_address = keep(c, instance, "PrivateIpAddress"),
        .public_address = keep(c, instance, "PublicIpAddress"),
        .launched_ms = time_of(json_object_get(instance, "LaunchTime")),
    };
}

static int by_launch(const void *x, const void *y)
{
    const struct guest *a = x, *b = y;

    if (a->launched_ms != b->launched_ms)
        return a->launched_ms < b->launched_ms ? -1 : 1;
    return strcmp(a->id, b->id);
}

bool is_instance_id(const char *word)
{
    return id_is_wellformed(word, "i");
}

const char *guest_label(struct cli *c, const struct guest *g)
{
    if (str_empty(g->name))
        return g->id;
    return arena_printf(c->arena, "%s (%s)", text_harmless(c->arena, g->name), g->id);
}

static int describe(struct cli *c, json_t *request, struct refusal *refusal, struct guests *ret)
{
    _cleanup_json_ json_t *reply = NULL;
    struct guests guests = {0};
    size_t r, i;
    json_t *reservation, *instance;
    int status = cli_describe(c, "DescribeInstances", request, refusal, &reply);

    if (status != STATUS_OK)
        return status;
    json_array_foreach(json_object_get(reply, "Reservations"), r, reservation)
    {
        json_array_foreach(json_object_get(reservation, "Instances"), i, instance)
        {
            struct guest guest = guest_of(c, instance);
            if (guest.id != NULL && guest.state != NULL)
                *arena_append(c->arena, &guests) = guest;
        }
    }
    if (guests.n > 1)
        qsort(guests.v, guests.n, sizeof(*guests.v), by_launch);
    *ret = guests;
    return STATUS_OK;
}

int guests_describe(struct cli *c, json_t *request, struct guests *ret)
{
    return describe(c, request, NULL, ret);
}

static json_t *request_of_name(const char *name)
{
    return json_pack("{s:[{s:s, s:[s]}, {s:s, s:[s, s, s, s]}]}", "Filters", "Name", "tag:Name",
                     "Values", name, "Name", "instance-state-name", "Values", "pending", "running",
                     "stopping", "stopped");
}

/* In a filter `*`, `?` and `\` have a meaning that they do not have in a name. */
static const char *literal(struct arena *a, const char *word)
{
    char *out = arena_alloc(a, 2 * strlen(word) + 1);
    size_t n = 0;

    for (; *word != '\0'; word++) {
        if (strchr("*?\\", *word) != NULL)
            out[n++] = '\\';
        out[n++] = *word;
    }
    return out;
}

int guest_find(struct cli *c, const char *word, struct guest *ret)
{
    struct guests found = {0};
    const char *ids = "";
    json_t *request;
    int status;

    if (is_instance_id(word))
        request = json_pack("{s:[s]}", "InstanceIds", word);
    else
        request = request_of_name(literal(c->arena, word));
    status = guests_describe(c, request, &found);
    if (status != STATUS_OK)
        return status;
    if (found.n == 1) {
        *ret = found.v[0];
        return STATUS_OK;
    }
    for (size_t i = 0; i < found.n; i++)
        ids = arena_printf(c->arena, "%s %s", ids, found.v[i].id);
    if (found.n == 0)
        complain("there is no instance '%s' (croft ls shows all)", word);
    else
        complain("%zu instances are called '%s', say which:%s", found.n, word, ids);
    return STATUS_FAILED;
}

int guests_find(struct cli *c, const struct words *words, struct guests *ret)
{
    struct guests guests = {0};

    for (size_t i = 0; i < words->n; i++) {
        struct guest guest;
        bool known = false;
        int status = guest_find(c, words->v[i], &guest);

        if (status != STATUS_OK)
            return status;
        for (size_t k = 0; k < guests.n; k++)
            known = known || streq(guests.v[k].id, guest.id);
        if (!known)
            *arena_append(c->arena, &guests) = guest;
    }
    *ret = guests;
    return STATUS_OK;
}

json_t *ids_of(const struct guests *guests)
{
    json_t *ids = json_array();

    for (size_t i = 0; i < guests->n; i++)
        json_array_append_new(ids, json_string(guests->v[i].id));
    return ids;
}

/* Can it still come to the state by itself? */
static bool is_lost(const struct guest *g, const char *state)
{
    if (streq(g->state, "terminated"))
        return true;
    if (streq(state, "running"))
        return streq(g->state, "stopped") || streq(g->state, "stopping") ||
               streq(g->state, "shutting-down");
    return streq(state, "stopped") && streq(g->state, "shutting-down");
}

static const struct guest *guest_of_id(const struct guests *guests, const char *id)
{
    for (size_t i = 0; i < guests->n; i++) {
        if (streq(guests->v[i].id, id))
            return &guests->v[i];
    }
    return NULL;
}

/* Looks once. The number that is not there yet in *ret_left; *ret_first is one of them. */
static int look(struct cli *c, struct guests *guests, const char *state, size_t *ret_left,
                const struct guest **ret_first)
{
    struct guests now;
    struct refusal refusal;
    int status = describe(c, json_pack("{s:o}", "InstanceIds", ids_of(guests)), &refusal, &now);

    *ret_left = 0;
    if (status == STATUS_REFUSED && streq(refusal.code, "InvalidInstanceID.NotFound") &&
        streq(state, "terminated"))
        return STATUS_OK; /* so long terminated that it is no longer shown */
    if (status == STATUS_REFUSED)
        complain("%s: %s", refusal.code, refusal.message);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < guests->n; i++) {
        const struct guest *fresh = guest_of_id(&now, guests->v[i].id);

        if (fresh == NULL)
            continue;
        guests->v[i] = *fresh;
        if (streq(fresh->state, state))
            continue;
        if (is_lost(fresh, state)) {
            complain("%s is %s%s%s", guest_label(c, fresh), fresh->state,
                     str_empty(fresh->reason) ? "" : ": ",
                     str_empty(fresh->reason) ? "" : text_harmless(c->arena, fresh->reason));
            return STATUS_FAILED;
        }
        if (++*ret_left == 1)
            *ret_first = &guests->v[i];
    }
    return STATUS_OK;
}

int guests_wait(struct cli *c, struct guests *guests, const char *state, int64_t timeout_s)
{
    int64_t began = clock_monotonic();
    const struct guest *first = NULL;
    size_t left = 0;

    for (;;) {
        int status = look(c, guests, state, &left, &first);

        if (status != STATUS_OK || left == 0) {
            screen_progress_end();
            return status;
        }
        if (clock_monotonic() - began > timeout_s * 1000) {
            complain("%s is still %s after %lld s", guest_label(c, first), first->state,
                     (long long)timeout_s);
            return STATUS_FAILED;
        }
        if (left == 1)
            screen_progress(began, "Waiting for %s: %s, to be %s", guest_label(c, first),
                            first->state, state);
        else
            screen_progress(began, "Waiting for %zu instances to be %s", left, state);
        clock_sleep(POLL_INTERVAL_MS);
    }
}
