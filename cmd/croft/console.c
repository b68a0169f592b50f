/* croft console: what an instance prints on its serial port, and a way to type on it. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/text.h"
#include "croft/instances.h"
#include "croft/options.h"
#include "croft/output.h"
#include "croft/relay.h"
#include "croft/screen.h"
#include "croft/text_filter.h"
#include "croft/verbs.h"

#define FOLLOW_INTERVAL_MS 1000
#define OVERLAP_MAX        256 /* bytes by which two reads of the log are matched */

struct log {
    char *data;
    size_t len;
};

static int read_log(struct cli *c, const char *id, struct arena *a, struct log *ret)
{
    _cleanup_json_ json_t *reply = NULL;
    const char *text;
    int status = cli_call(c, "GetConsoleOutput",
                          json_pack("{s:s, s:b}", "InstanceId", id, "Latest", 1), NULL, &reply);

    if (status != STATUS_OK)
        return status;
    *ret = (struct log){.data = arena_strdup(a, "")};
    text = json_text(reply, "Output");
    if (text != NULL && base64_decode(a, text, strlen(text), &ret->data, &ret->len) < 0) {
        complain("the answer's Output is no base64");
        return STATUS_UNREACHED;
    }
    return STATUS_OK;
}

static void print(struct text_filter *filter, const char *data, size_t len)
{
    output_foreign(filter, data, len);
    (void)fflush(stdout);
}

/* Where the new part of `now` begins: the log is a window that moves on over what was printed. */
static size_t new_part(const struct log *before, const struct log *now)
{
    size_t overlap = before->len < OVERLAP_MAX ? before->len : OVERLAP_MAX;
    const char *end = before->data + before->len - overlap, *at = now->data;
    size_t found = 0;

    if (now->len >= before->len && memcmp(now->data, before->data, before->len) == 0)
        return before->len;
    while (overlap > 0) {
        at = memmem(at, now->len - (size_t)(at - now->data), end, overlap);
        if (at == NULL)
            break;
        found = (size_t)(at - now->data) + overlap;
        at++;
    }
    return found;
}

static int follow(struct cli *c, const char *id)
{
    _cleanup_arena_ struct arena *one = arena_new(), *two = arena_new();
    struct arena *arenas[2] = {one, two};
    struct text_filter filter = {0};
    struct log before = {.data = arena_strdup(one, "")}, now;

    for (int i = 1;; i = !i) {
        int status;
        size_t from;

        arena_reset(arenas[i]);
        status = read_log(c, id, arenas[i], &now);
        if (status != STATUS_OK)
            return status;
        from = new_part(&before, &now);
        print(&filter, now.data + from, now.len - from);
        if (ferror(stdout))
            return STATUS_OK;
        before = now;
        clock_sleep(FOLLOW_INTERVAL_MS);
    }
}

/* What came before: without it a prompt that waits would look like a console that is dead. */
static int print_log(struct cli *c, const char *id)
{
    struct text_filter filter = {0};
    struct log log;
    int status = read_log(c, id, c->arena, &log);

    if (status == STATUS_OK)
        print(&filter, log.data, log.len);
    return status;
}

/* Who did not ask for it in so many words gets the log where there is no more to be had. */
static int interact(struct cli *c, const struct guest *guest, bool asked)
{
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    _cleanup_close_ int fd = -1, signals = -1;
    struct escape escape = {.kind = ESCAPE_BRACKET};
    struct text_filter filter = {.session = true};
    struct err e = {0};
    int r, status = STATUS_OK;
    struct client *client = cli_client(c, "ec2", &status);

    if (client == NULL)
        return status;
    r = client_upgrade(client, arena_printf(c->arena, "/v1/console/%s", guest->id), &fd, &reply,
                       &e);
    if (r == -EREMOTEIO && !asked) {
        status = print_log(c, guest->id);
        note("This is its log alone: %s", reply.message);
        return status;
    }
    if (r == -EREMOTEIO) {
        complain("%s", e.message);
        return STATUS_REFUSED;
    }
    if (r < 0)
        return cli_no_answer(c, r, &e);
    /* After the connection stands, so that nothing is missed between the two. */
    status = print_log(c, guest->id);
    if (status != STATUS_OK)
        return status;
    note("Serial console of %s. Leave with ^]", guest_label(c, guest));
    signals = terminal_signals();
    if (screen_is_terminal(stdin))
        (void)terminal_raw();
    r = relay_run(fd, screen_is_terminal(stdin) ? &escape : NULL,
                  screen_is_terminal(stdout) ? &filter : NULL, signals, &e);
    terminal_restore();
    if (screen_is_terminal(stdout))
        output_text(text_filter_reset, strlen(text_filter_reset));
    if (r < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    fputc('\n', stderr);
    return STATUS_OK;
}

static int run_console(struct cli *c, int argc, char **argv)
{
    bool following = false, interactive = false, only_log = false;
    const struct option_row rows[] = {{"--follow", "-f", .on = &following},
                                      {"--interactive", NULL, .on = &interactive},
                                      {"--log", NULL, .on = &only_log}};
    struct words words;
    struct guest guest;
    int status = options_parse(c, "console", rows, ARRAY_SIZE(rows), 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n != 1 || following + interactive + only_log > 1)
        return usage_error("console", "croft console [-f | --interactive | --log] NAME|ID");
    status = guest_find(c, words.v[0], &guest);
    if (status != STATUS_OK)
        return status;
    if (following)
        return follow(c, guest.id);
    /* At a terminal somebody wants to look on, and to type, as far as there is anybody to type to.
     */
    if (interactive || (!only_log && screen_is_terminal(stdin) && screen_is_terminal(stdout) &&
                        streq(guest.state, "running")))
        return interact(c, &guest, interactive);
    return print_log(c, guest.id);
}

const struct verb console_verbs[] = {
    {"console", run_console, "[-f | --interactive | --log] NAME|ID",
     "Attaches to the console of an instance, follows it, or prints what it said",
     "At a terminal it is the serial port of an instance that runs, after what came before; ^]\n"
     "leads out of it. Several may look on and type at once. Elsewhere, and with --log, it is\n"
     "printed. -f goes on printing until it is interrupted."},
    {NULL, NULL, NULL, NULL, NULL},
};
