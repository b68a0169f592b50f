/* ls, stop, start, reboot, rm. */
#include "croft/instances.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "croft/output.h"
#include "croft/screen.h"
#include "croft/table.h"
#include "croft/verbs.h"

static enum colour colour_of_state(const char *state)
{
    static const struct {
        const char *state;
        enum colour colour;
    } colours[] = {{"running", COLOUR_GREEN},
                   {"pending", COLOUR_YELLOW},
                   {"stopping", COLOUR_YELLOW},
                   {"shutting-down", COLOUR_YELLOW},
                   {"terminated", COLOUR_DIM}};

    for (size_t i = 0; i < ARRAY_SIZE(colours); i++) {
        if (streq(colours[i].state, state))
            return colours[i].colour;
    }
    return COLOUR_NONE;
}

static const char *age_of(struct cli *c, int64_t since_ms)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    int64_t seconds = (clock_now() - since_ms) / 1000;

    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (seconds >= 2 * units[i].seconds)
            return arena_printf(c->arena, "%lld%s", (long long)(seconds / units[i].seconds),
                                units[i].unit);
    }
    return arena_printf(c->arena, "%llds", (long long)(seconds < 0 ? 0 : seconds));
}

static void print_json(struct cli *c, const struct guests *guests)
{
    _cleanup_json_ json_t *list = json_array();

    for (size_t i = 0; i < guests->n; i++) {
        const struct guest *g = &guests->v[i];
        char launched[CLOCK_ISO8601_SIZE];

        clock_format_iso8601(g->launched_ms, launched);
        json_array_append_new(
            list,
            json_pack("{s:s?, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s}", "Name", g->name,
                      "InstanceId", g->id, "State", g->state, "InstanceType", g->type, "ImageId",
                      g->image_id, "KeyName", g->key_name, "PrivateIpAddress", g->private_address,
                      "PublicIpAddress", g->public_address, "LaunchTime", launched));
    }
    output_json(list);
}

static void print_table(struct cli *c, const struct guests *guests)
{
    static const struct column columns[] = {
        {"NAME", .shrinks = true},
        {"ID"},
        {"STATE"},
        {"TYPE", .goes = true},
        {"IMAGE", .shrinks = true, .goes = true},
        {"PRIVATE", .goes = true},
        {"PUBLIC"},
        {"AGE", .to_right = true, .goes = true},
    };
    struct table t = {.columns = columns, .n_columns = ARRAY_SIZE(columns)};

    for (size_t i = 0; i < guests->n; i++) {
        const struct guest *g = &guests->v[i];

        *table_add(c->arena, &t) = (struct table_row){
            {{g->name, COLOUR_BOLD},
             {g->id},
             {g->state, colour_of_state(g->state)},
             {g->type},
             {g->image_id},
             {g->private_address},
             {g->public_address},
             {age_of(c, g->launched_ms)}},
        };
    }
    table_print(c->arena, &t);
}

static int run_ls(struct cli *c, int argc, char **argv)
{
    bool all = false;
    const struct option_row rows[] = {{"--all", "-a", .on = &all}};
    struct guests found, guests = {0};
    struct words words;
    int status = options_parse(c, "ls", rows, ARRAY_SIZE(rows), 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    status = guests_describe(c, NULL, &found);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < found.n; i++) {
        bool named = words.n == 0;

        for (size_t k = 0; k < words.n && !named; k++)
            named = streq(words.v[k], found.v[i].id) || streq(words.v[k], found.v[i].name);
        if (named && (all || !streq(found.v[i].state, "terminated")))
            *arena_append(c->arena, &guests) = found.v[i];
    }
    if (c->output == OUTPUT_JSON) {
        print_json(c, &guests);
    } else if (guests.n == 0 && screen_is_terminal(stdout)) {
        puts("No instances. croft launch makes one.");
    } else {
        print_table(c, &guests);
    }
    return STATUS_OK;
}

/* What stop, start, reboot and rm have in common. */
struct change {
    const char *verb;
    const char *action;
    const char *state; /* waited for; NULL: nothing to wait for */
    const char *done;
};

struct change_options {
    bool no_wait, yes, force;
    int64_t timeout_s;
};

static bool confirmed(struct cli *c, const struct guests *guests)
{
    char answer[16] = "";

    fprintf(stderr, "Terminate, with %s disk%s:\n", guests->n == 1 ? "its" : "their",
            guests->n == 1 ? "" : "s");
    for (size_t i = 0; i < guests->n; i++)
        fprintf(stderr, "  %s, %s\n", guest_label(c, &guests->v[i]), guests->v[i].state);
    fputs("Sure? [y/N] ", stderr);
    fflush(stderr);
    if (fgets(answer, sizeof(answer), stdin) == NULL)
        return false;
    return strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0;
}

static int run_change(struct cli *c, const struct change *change, int argc, char **argv)
{
    struct change_options o = {.timeout_s = WAIT_DEFAULT_S};
    const struct option_row rows[] = {
        {"--no-wait", NULL, .on = &o.no_wait},
        {"--timeout", NULL, .number = &o.timeout_s},
        {"--force", "-f", .on = &o.force},
        {"--yes", "-y", .on = &o.yes},
    };
    size_t n_rows = streq(change->verb, "rm") ? 4 : streq(change->verb, "stop") ? 3 : 2;
    _cleanup_json_ json_t *reply = NULL;
    struct guests guests;
    struct words words;
    json_t *request;
    int status = options_parse(c, change->verb, rows, n_rows, 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n == 0)
        return usage_error(change->verb, "%s what? Name one or several instances", change->verb);
    status = guests_find(c, &words, &guests);
    if (status != STATUS_OK)
        return status;
    if (streq(change->verb, "rm") && !o.yes && screen_is_terminal(stdin) &&
        !confirmed(c, &guests)) {
        complain("nothing was removed");
        return STATUS_FAILED;
    }
    request = json_pack("{s:o}", "InstanceIds", ids_of(&guests));
    if (o.force)
        json_object_set_new(request, "Force", json_true());
    status = cli_call(c, change->action, request, NULL, &reply);
    if (status == STATUS_OK && change->state != NULL && !o.no_wait)
        status = guests_wait(c, &guests, change->state, o.timeout_s);
    for (size_t i = 0; i < guests.n && status == STATUS_OK; i++)
        printf("%s: %s\n", guest_label(c, &guests.v[i]),
               o.no_wait && change->state != NULL ? "asked for" : change->done);
    return status;
}

static int run_stop(struct cli *c, int argc, char **argv)
{
    static const struct change change = {"stop", "StopInstances", "stopped", "stopped"};
    return run_change(c, &change, argc, argv);
}

static int run_start(struct cli *c, int argc, char **argv)
{
    static const struct change change = {"start", "StartInstances", "running", "running"};
    return run_change(c, &change, argc, argv);
}

/* A reboot is no change of state that could be waited for: it is `running` all the time. */
static int run_reboot(struct cli *c, int argc, char **argv)
{
    static const struct change change = {"reboot", "RebootInstances", NULL, "rebooting"};
    return run_change(c, &change, argc, argv);
}

static int run_rm(struct cli *c, int argc, char **argv)
{
    static const struct change change = {"rm", "TerminateInstances", "terminated", "terminated"};
    return run_change(c, &change, argc, argv);
}

const struct verb instance_verbs[] = {
    {"ls", run_ls, "[-a] [NAME|ID...]", "Lists the instances",
     "-a shows terminated ones, too. --output json prints a list of objects."},
    {"stop", run_stop, "[--force] [--no-wait] [--timeout S] NAME|ID...",
     "Stops instances and waits until they are stopped",
     "The disk and the private address stay; the public address is given up."},
    {"start", run_start, "[--no-wait] [--timeout S] NAME|ID...",
     "Starts stopped instances and waits until they run", NULL},
    {"reboot", run_reboot, "NAME|ID...", "Reboots instances",
     "croft ssh waits until it can be logged in to again."},
    {"rm", run_rm, "[-y] [--force] [--no-wait] [--timeout S] NAME|ID...",
     "Terminates instances, with their disks", "On a terminal it asks first, unless -y is given."},
    {NULL, NULL, NULL, NULL, NULL},
};
