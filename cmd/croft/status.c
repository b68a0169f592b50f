/* croft status: is the daemon there, and what room is left? */
#include <stdio.h>

#include "base/text.h"
#include "croft/options.h"
#include "croft/output.h"
#include "croft/screen.h"
#include "croft/verbs.h"

static json_int_t number(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static const char *span_of(struct cli *c, json_int_t seconds)
{
    if (seconds >= 172800)
        return arena_printf(c->arena, "%lld days", (long long)(seconds / 86400));
    if (seconds >= 7200)
        return arena_printf(c->arena, "%lld h", (long long)(seconds / 3600));
    if (seconds >= 120)
        return arena_printf(c->arena, "%lld min", (long long)(seconds / 60));
    return arena_printf(c->arena, "%lld s", (long long)seconds);
}

/* The instances by state, as the server counts them: a number, or an object of numbers. */
static const char *instances_of(struct cli *c, const json_t *instances)
{
    const char *text = "", *state;
    json_t *n;

    if (json_is_integer(instances))
        return arena_printf(c->arena, "%lld", (long long)json_integer_value(instances));
    json_object_foreach((json_t *)(uintptr_t)instances, state, n) text =
        arena_printf(c->arena, "%s%s%lld %s", text, *text == '\0' ? "" : ", ",
                     (long long)json_integer_value(n), state);
    return *text == '\0' ? "none" : text;
}

static const char *regions_of(struct cli *c, const json_t *regions)
{
    const char *text = "";
    size_t i;
    json_t *region;

    if (json_is_integer(regions))
        return arena_printf(c->arena, "%lld", (long long)json_integer_value(regions));
    json_array_foreach(regions, i, region)
    {
        const char *name =
            json_is_string(region) ? json_string_value(region) : json_text(region, "name");
        if (name != NULL)
            text = arena_printf(c->arena, "%s%s%s", text, *text == '\0' ? "" : ", ", name);
    }
    return text;
}

static void print_volumes(const json_t *s)
{
    double limits = json_number_value(json_object_get(s, "volume_limits"));

    if (limits > 0)
        printf("Volumes     limited to %g %% of EC2's rates\n", limits * 100);
    else
        printf("Volumes     as fast as the disk\n");
}

static void print_disk(const json_t *s)
{
    json_int_t size = number(s, "disk_mib"), left = number(s, "disk_free_mib");
    bool full = size > 0 && (size - left) * 100 >= size * number(s, "disk_full_percent");

    printf(
        "Disk        %lld GiB, %lld GiB used, %lld GiB free, %lld GiB promised to volumes%s%s%s\n",
        (long long)size >> 10, (long long)(size - left) >> 10, (long long)left >> 10,
        (long long)number(s, "disk_promised_mib") >> 10,
        screen_colour(stdout, full ? COLOUR_YELLOW : COLOUR_NONE),
        full ? " (full: guests are paused until there is room)" : "", screen_plain(stdout));
}

/* What is not well, each with its reason; one word when all is. */
static void print_health(const json_t *checks)
{
    const char *name;
    json_t *check;
    bool well = true;

    json_object_foreach((json_t *)(uintptr_t)checks, name, check)
    {
        if (json_is_true(json_object_get(check, "ok")))
            continue;
        const char *detail = json_text(check, "detail");
        printf("%-12s%s%s: %s%s\n", well ? "Health" : "", screen_colour(stdout, COLOUR_RED), name,
               detail == NULL ? "it fails" : detail, screen_plain(stdout));
        well = false;
    }
    if (well)
        printf("Health      good\n");
}

/* To compare with what a client is shown on its first visit. */
static void print_certificate(const json_t *certificate)
{
    if (!json_is_object(certificate))
        return;
    printf("TLS         SHA-256 %s, until %.10s\n", json_text(certificate, "sha256"),
           json_text(certificate, "ends"));
}

static void print(struct cli *c, const json_t *s)
{
    bool emulated = json_is_true(json_object_get(s, "emulated"));
    const char *hypervisor = json_text(s, "hypervisor"), *version = json_text(s, "version");
    const char *how = emulated ? ", software emulation (no KVM: guests are slow)" : ", KVM";

    if (streq(hypervisor, "fake"))
        how = ", nothing is really started";
    printf("croftd      %s, up %s, on %s\n", version == NULL ? "?" : version,
           span_of(c, number(s, "uptime_s")), cli_endpoint(c));
    if (json_object_get(s, "checks") != NULL)
        print_health(json_object_get(s, "checks"));
    printf("Hypervisor  %s%s%s%s\n", hypervisor == NULL ? "?" : hypervisor,
           screen_colour(stdout, emulated ? COLOUR_YELLOW : COLOUR_NONE), how,
           screen_plain(stdout));
    printf("CPUs        %lld, %lld vCPUs in use\n", (long long)number(s, "cpus"),
           (long long)number(s, "vcpus_used"));
    printf("Memory      %lld MiB, %lld MiB free for guests\n", (long long)number(s, "memory_mib"),
           (long long)number(s, "memory_free_mib"));
    print_disk(s);
    print_volumes(s);
    printf("Instances   %s\n", instances_of(c, json_object_get(s, "instances")));
    print_certificate(json_object_get(s, "certificate"));
    printf("Regions     %s\n", regions_of(c, json_object_get(s, "regions")));
}

static int run_status(struct cli *c, int argc, char **argv)
{
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    _cleanup_json_ json_t *answer = NULL;
    struct err e = {0};
    struct words words;
    struct client *client;
    int r, status = options_parse(c, "status", NULL, 0, 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    client = cli_client(c, "ec2", &status);
    if (client == NULL)
        return status;
    r = client_request(client, "GET", "/v1/status", NULL, NULL, 0, &reply, &e);
    if (r == -EREMOTEIO) {
        complain("%s", e.message);
        return STATUS_REFUSED;
    }
    if (r < 0)
        return cli_no_answer(c, r, &e);
    answer = json_loadb(buf_str(&reply.body), reply.body.len, 0, NULL);
    if (!json_is_object(answer)) {
        complain("the answer is no JSON object");
        return STATUS_UNREACHED;
    }
    if (c->output == OUTPUT_JSON)
        return output_json(answer);
    print(c, answer);
    return STATUS_OK;
}

const struct verb status_verbs[] = {
    {"status", run_status, "", "Is the daemon there, and what room is left",
     "Exit status 255 when no daemon answers. --output json prints what the daemon said."},
    {NULL, NULL, NULL, NULL, NULL},
};
