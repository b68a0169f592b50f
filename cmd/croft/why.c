/* croft why: does a packet get to an instance, and if not, what stops it? */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "croft/instances.h"
#include "croft/options.h"
#include "croft/output.h"
#include "croft/screen.h"
#include "croft/verbs.h"

#define ANALYSIS_MAX_MS 30000
#define ANALYSIS_POLL   200 /* ms */

struct question {
    struct guest guest;
    const char *protocol;
    int64_t port;
    const char *source; /* an id: i-…, igw-… */
    const char *source_ip;
    const char *from; /* for people */
};

/* Starts and deletes want a token each; a repeat of ours is never meant to be the same call. */
static const char *token(struct cli *c)
{
    return id_make(c->arena, "why");
}

/* The VPC of an instance, or NULL after what was wrong was said. */
static const char *vpc_of(struct cli *c, const char *instance_id, int *ret_status)
{
    _cleanup_json_ json_t *reply = NULL;
    const char *vpc_id = NULL;
    *ret_status = cli_call(c, "DescribeInstances", json_pack("{s:[s]}", "InstanceIds", instance_id),
                           NULL, &reply);
    if (*ret_status != STATUS_OK)
        return NULL;
    const json_t *reservation = json_array_get(json_object_get(reply, "Reservations"), 0);
    const json_t *instance = json_array_get(json_object_get(reservation, "Instances"), 0);
    vpc_id = arena_strdup(c->arena, json_text(instance, "VpcId"));
    if (vpc_id == NULL) {
        complain("%s is in no VPC any more", instance_id);
        *ret_status = STATUS_FAILED;
    }
    return vpc_id;
}

/* The VPC's internet gateway; any other shows as well that it is not attached to it. */
static int find_gateway(struct cli *c, const char *vpc_id, const char **ret_id)
{
    _cleanup_json_ json_t *reply = NULL;
    int status = cli_describe(c, "DescribeInternetGateways", NULL, NULL, &reply);
    const char *any = NULL;
    size_t i, k;
    json_t *gateway, *attachment;
    if (status != STATUS_OK)
        return status;
    json_array_foreach(json_object_get(reply, "InternetGateways"), i, gateway)
    {
        any = arena_strdup(c->arena, json_text(gateway, "InternetGatewayId"));
        json_array_foreach(json_object_get(gateway, "Attachments"), k, attachment)
        {
            if (streq(json_text(attachment, "VpcId"), vpc_id)) {
                *ret_id = any;
                return STATUS_OK;
            }
        }
    }
    if (any == NULL) {
        complain("nothing comes in from outside: %s has no internet gateway, and there is none to "
                 "attach (aws ec2 create-internet-gateway)",
                 vpc_id);
        return STATUS_FAILED;
    }
    *ret_id = any;
    return STATUS_OK;
}

static bool looks_like_address(const char *word)
{
    return strchr(word, ':') != NULL ||
           (strchr(word, '.') != NULL && word[strspn(word, "0123456789.")] == '\0');
}

static int find_source(struct cli *c, const char *from, struct question *q)
{
    struct guest guest;
    int status = STATUS_OK;
    if (from == NULL || looks_like_address(from)) {
        const char *vpc_id = vpc_of(c, q->guest.id, &status);
        if (vpc_id == NULL)
            return status;
        q->source_ip = from;
        q->from = from == NULL ? "this server" : from;
        return find_gateway(c, vpc_id, &q->source);
    }
    status = guest_find(c, from, &guest);
    if (status != STATUS_OK)
        return status;
    q->source = guest.id;
    q->from = guest_label(c, &guest);
    return STATUS_OK;
}

/* --- the calls */

static int make_path(struct cli *c, const struct question *q, const char **ret_id)
{
    _cleanup_json_ json_t *reply = NULL;
    json_t *in =
        json_pack("{s:s, s:s, s:s, s:s, s:s*}", "Source", q->source, "Destination", q->guest.id,
                  "Protocol", q->protocol, "ClientToken", token(c), "SourceIp", q->source_ip);
    if (q->port > 0)
        (void)json_object_set_new(in, "DestinationPort", json_integer(q->port));
    int status = cli_call(c, "CreateNetworkInsightsPath", in, NULL, &reply);
    if (status == STATUS_OK)
        *ret_id = arena_strdup(c->arena, json_text(json_object_get(reply, "NetworkInsightsPath"),
                                                   "NetworkInsightsPathId"));
    return status;
}

/* The analysis once it is over; owned by the caller. */
static int await(struct cli *c, const char *id, json_t **ret_analysis)
{
    int64_t begun = clock_monotonic();
    for (;;) {
        _cleanup_json_ json_t *reply = NULL;
        int status = cli_call(c, "DescribeNetworkInsightsAnalyses",
                              json_pack("{s:[s]}", "NetworkInsightsAnalysisIds", id), NULL, &reply);
        if (status != STATUS_OK)
            return status;
        json_t *analysis = json_array_get(json_object_get(reply, "NetworkInsightsAnalyses"), 0);
        if (!streq(json_text(analysis, "Status"), "running")) {
            screen_progress_end();
            *ret_analysis = json_incref(analysis);
            return STATUS_OK;
        }
        if (clock_monotonic() - begun > ANALYSIS_MAX_MS) {
            complain("the analysis %s still runs after %d s", id, ANALYSIS_MAX_MS / 1000);
            return STATUS_FAILED;
        }
        screen_progress(begun, "Sending a packet to see");
        clock_sleep(ANALYSIS_POLL);
    }
}

static int analyse(struct cli *c, const char *path_id, json_t **ret_analysis)
{
    _cleanup_json_ json_t *reply = NULL;
    _cleanup_json_ json_t *gone = NULL;
    int status =
        cli_call(c, "StartNetworkInsightsAnalysis",
                 json_pack("{s:s, s:s}", "NetworkInsightsPathId", path_id, "ClientToken", token(c)),
                 NULL, &reply);
    if (status != STATUS_OK)
        return status;
    const char *id =
        json_text(json_object_get(reply, "NetworkInsightsAnalysis"), "NetworkInsightsAnalysisId");
    status = await(c, id, ret_analysis);
    int cleared = cli_call(c, "DeleteNetworkInsightsAnalysis",
                           json_pack("{s:s}", "NetworkInsightsAnalysisId", id), NULL, &gone);
    return status != STATUS_OK ? status : cleared;
}

/* Whatever comes of it, the path goes again. */
static int ask(struct cli *c, const struct question *q, json_t **ret_analysis)
{
    _cleanup_json_ json_t *gone = NULL;
    const char *path_id = NULL;
    int status = make_path(c, q, &path_id);
    if (status != STATUS_OK)
        return status;
    status = analyse(c, path_id, ret_analysis);
    int cleared = cli_call(c, "DeleteNetworkInsightsPath",
                           json_pack("{s:s}", "NetworkInsightsPathId", path_id), NULL, &gone);
    return status != STATUS_OK ? status : cleared;
}

/* --- for people */

static void print_hop(struct cli *c, const json_t *hop)
{
    const char *id = json_text(json_object_get(hop, "Component"), "Id");
    bool passes = json_is_true(json_object_get(hop, "CroftPasses"));
    printf("  %s%s%s %-26s %s\n", screen_colour(stdout, passes ? COLOUR_GREEN : COLOUR_RED),
           passes ? "+" : "X", screen_plain(stdout), id == NULL ? "-" : id,
           text_harmless(c->arena, json_text(hop, "CroftText")));
}

static void print_hops(struct cli *c, const json_t *analysis, const char *direction,
                       const char *title)
{
    size_t i;
    json_t *hop;
    bool first = true;
    json_array_foreach(json_object_get(analysis, "CroftHops"), i, hop)
    {
        if (!streq(json_text(hop, "CroftDirection"), direction))
            continue;
        if (first)
            printf("\n%s\n", title);
        first = false;
        print_hop(c, hop);
    }
}

/* A sentence that the server began in the middle. */
static const char *capital(struct cli *c, const char *text)
{
    char *copy = text_harmless(c->arena, text);
    if (copy[0] >= 'a' && copy[0] <= 'z')
        copy[0] = (char)(copy[0] - 'a' + 'A');
    return copy;
}

static void print(struct cli *c, const struct question *q, const json_t *analysis, bool traces)
{
    bool found = json_is_true(json_object_get(analysis, "NetworkPathFound"));
    bool differs = streq(json_text(analysis, "CroftProof"), "differs");
    const char *remedy = json_text(analysis, "CroftRemedy");
    const char *service = q->port > 0
                              ? arena_printf(c->arena, "%s %lld", q->protocol, (long long)q->port)
                              : arena_printf(c->arena, "%s echo", q->protocol);
    printf("%s, %s from %s: %s%s%s\n", guest_label(c, &q->guest), service, q->from,
           screen_colour(stdout, found ? COLOUR_GREEN : COLOUR_RED),
           found ? "the packet gets there, and an answer back" : "no", screen_plain(stdout));
    print_hops(c, analysis, "forward", "There:");
    print_hops(c, analysis, "return", "And back:");
    if (remedy != NULL)
        printf("\nThis would let it pass:\n  %s\n", text_harmless(c->arena, remedy));
    printf("\n%s%s%s.%s\n", screen_colour(stdout, differs ? COLOUR_RED : COLOUR_BOLD),
           differs ? "LOOK OUT: " : "", capital(c, json_text(analysis, "CroftProofText")),
           screen_plain(stdout));
    if (!traces && !differs)
        return;
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(analysis, "CroftTrace"), i, line)
        printf("  %s\n", text_harmless(c->arena, json_string_value(line)));
}

static int parse(struct cli *c, int argc, char **argv, struct question *q, bool *ret_traces)
{
    const char *from = NULL;
    bool traces = false;
    struct words words;
    const struct option_row rows[] = {
        {"--from", NULL, &from, NULL, NULL},
        {"--protocol", NULL, &q->protocol, NULL, NULL},
        {"--trace", NULL, NULL, &traces, NULL},
    };
    int status = options_parse(c, "why", rows, ARRAY_SIZE(rows), 0, argc, argv, &words);
    if (status != STATUS_OK)
        return status;
    bool icmp = streq(q->protocol, "icmp");
    if (words.n != (icmp ? 1 : 2))
        return usage_error("why", icmp ? "croft why --protocol icmp NAME|ID, without a port"
                                       : "croft why NAME|ID PORT");
    if (!icmp && (parse_int64(words.v[1], &q->port) < 0 || q->port < 1 || q->port > 65535))
        return usage_error("why", "'%s' is no port", words.v[1]);
    status = guest_find(c, words.v[0], &q->guest);
    if (status == STATUS_OK)
        status = find_source(c, from, q);
    *ret_traces = traces;
    return status;
}

static int run_why(struct cli *c, int argc, char **argv)
{
    _cleanup_json_ json_t *analysis = NULL;
    struct question q = {.protocol = "tcp"};
    bool traces = false;
    int status = parse(c, argc, argv, &q, &traces);
    if (status == STATUS_OK)
        status = ask(c, &q, &analysis);
    if (status != STATUS_OK)
        return status;
    if (!streq(json_text(analysis, "Status"), "succeeded")) {
        complain("there is no answer: %s",
                 text_harmless(c->arena, json_text(analysis, "StatusMessage")));
        return STATUS_FAILED;
    }
    bool found = json_is_true(json_object_get(analysis, "NetworkPathFound"));
    bool differs = streq(json_text(analysis, "CroftProof"), "differs");
    if (c->output == OUTPUT_JSON)
        status = output_json(analysis);
    else
        print(c, &q, analysis, traces);
    return status != STATUS_OK ? status : found && !differs ? STATUS_OK : STATUS_FAILED;
}

const struct verb why_verbs[] = {
    {"why", run_why, "[--from ADDRESS|NAME|ID] [--protocol tcp|udp|icmp] [--trace] NAME|ID PORT",
     "Says whether a packet gets to an instance, and what stops it",
     "Without --from it comes from this server. The way is computed from what is configured, then "
     "a\n"
     "packet is sent to try it; --trace shows the rules that it met. Exit status 1 when it does "
     "not\n"
     "get there. --output json prints the analysis."},
    {NULL, NULL, NULL, NULL, NULL},
};
