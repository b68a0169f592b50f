/* croft wait: the waiters of the AWS SDKs, against a server that is near and may be asked often. */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "croft/args.h"
#include "croft/names.h"
#include "croft/screen.h"
#include "croft/verbs.h"
#include "croft/waiter.h"

#define POLL_INTERVAL_MS 500

static int unknown_waiter(const char *name)
{
    struct nearest nearest = {.name = name};

    for (const struct waiter *w = waiter_next(NULL); w != NULL; w = waiter_next(w))
        nearest_offer(&nearest, w->name);
    if (nearest.best != NULL)
        return usage_error("wait", "there is nothing to wait for called '%s'; is it '%s'?", name,
                           nearest.best);
    return usage_error("wait", "there is nothing to wait for called '%s'", name);
}

static void list_waiters(void)
{
    puts(
        "Usage: croft wait WHAT [--FLAG VALUE ...]\n\n"
        "Waits until it is so, with the flags of the action that tells, as `aws ec2 wait` does.\n");
    for (const struct waiter *w = waiter_next(NULL); w != NULL; w = waiter_next(w))
        printf("  %-30s %s, at most %lld s\n", w->name, w->action, (long long)w->seconds);
}

static int failed(const struct waiter *w, const struct waiter *why, const struct refusal *refusal)
{
    if (refusal->code[0] != '\0')
        complain("%s: %s: %s", w->name, refusal->code, refusal->message);
    else
        complain("%s: it is %s, and will not come about", w->name, why->value);
    return STATUS_UNREACHED;
}

static int wait_for(struct cli *c, const struct waiter *w, const json_t *in)
{
    int64_t began = clock_monotonic();

    for (;;) {
        _cleanup_json_ json_t *reply = NULL;
        struct refusal refusal = {0};
        const struct waiter *why;
        int status = cli_call(c, w->action, json_deep_copy(in), &refusal, &reply);

        if (status != STATUS_OK && status != STATUS_REFUSED)
            return status;
        switch (waiter_judge(w, reply, refusal.code, &why)) {
        case WAIT_DONE:
            return STATUS_OK;
        case WAIT_FAILED:
            return failed(w, why, &refusal);
        case WAIT_ON:
            break;
        }
        if (clock_monotonic() - began > w->seconds * 1000) {
            complain("%s: not within %lld seconds", w->name, (long long)w->seconds);
            return STATUS_UNREACHED;
        }
        screen_progress(began, "Waiting: %s", w->name);
        clock_sleep(POLL_INTERVAL_MS);
    }
}

static int run_wait(struct cli *c, int argc, char **argv)
{
    struct request request;
    struct err e = {0};
    _cleanup_json_ json_t *in = NULL;
    const struct waiter *w;
    const struct wire_action *action;

    if (argc < 2) {
        list_waiters();
        return STATUS_USAGE;
    }
    w = waiter_find(argv[1]);
    if (w == NULL)
        return unknown_waiter(argv[1]);
    action = wire_action_find(wire_service_find("ec2"), w->action);
    if (args_parse(c, action, argc - 1, argv + 1, &request, &e) < 0)
        return e.code == 0 ? STATUS_USAGE : usage_error("wait", "%s", e.message);
    in = request.in;
    return wait_for(c, w, in);
}

const struct verb wait_verbs[] = {
    {"wait", run_wait, "WHAT [--FLAG VALUE ...]", "Wait until something is so, as `aws ec2 wait`",
     "croft wait lists what can be waited for. The flags are those of the action that tells.\n"
     "Exit status 255 when it will not come about, or takes too long."},
    {NULL, NULL, NULL, NULL, NULL},
};
