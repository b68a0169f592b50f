#pragma once
/*
 * What every verb of `croft` shares: where the server is, how to answer, how to call.
 *
 * A verb prints what it found on stdout and everything else (progress, questions, errors) on
 * stderr, and returns an exit status. All memory of a run is in one arena that lives until the end;
 * JSON values are jansson's and are freed by the verb that holds them. One thread.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "client/client.h"
#include "wire/model.h"

#define DEFAULT_SOCKET "/run/croft/croft.sock"
#define DEFAULT_USER   "ec2-user"

/* Exit statuses; those from 252 up are the AWS CLI's. */
enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,     /* it was done, but did not come out as asked */
    STATUS_USAGE = 252,    /* the command line is wrong; nothing was sent */
    STATUS_NO_KEYS = 253,  /* an http endpoint, and no credentials for it */
    STATUS_REFUSED = 254,  /* the server said no: CODE: message */
    STATUS_UNREACHED = 255 /* no server, no answer, a file that cannot be read, ... */
};

enum output { OUTPUT_DEFAULT, OUTPUT_JSON, OUTPUT_TABLE, OUTPUT_TEXT };

struct cli {
    struct arena *arena;
    const char *program;  /* how it was called, to be called again by ssh_config */
    const char *endpoint; /* NULL: CROFT_SOCKET, else DEFAULT_SOCKET */
    const char *region;
    const char *profile;
    enum output output;
    bool explain; /* --explain: see explained.h */
    bool dry_run; /* --dry-run before an action */
    struct explained *explained;
    struct client *client; /* for `service`, once it was needed */
    const char *service;
};

/* A row of a table of verbs; a noun's verbs stand together in its file. */
struct verb {
    const char *name;
    int (*run)(struct cli *c, int argc, char **argv); /* argv[0] is the verb */
    const char *usage;                                /* behind the name */
    const char *help;                                 /* a line */
    const char *details;                              /* further lines, or NULL */
};

/* "croft: ..." on stderr; usage_error also names the help and returns STATUS_USAGE. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What is going on, on stderr. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
int usage_error(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The options that every verb takes (--endpoint, --output, --region, --profile), as `--x V` or
 * `--x=V`, and --explain. 1: argv[*i] was one, *i is on its last word. 0: it was none. -1: it was
 * wrong, said so.
 */
int global_option(struct cli *c, int argc, char **argv, int *i);

/* The connection; NULL after an error that was printed, with the exit status in *ret_status. */
struct client *cli_client(struct cli *c, const char *service, int *ret_status);
const char *cli_endpoint(const struct cli *c);
/* Says why a request had no answer; r is the client's. Returns STATUS_UNREACHED. */
int cli_no_answer(const struct cli *c, int r, const struct err *e);

/* What the server said when it refused. */
struct refusal {
    char code[CLIENT_CODE_MAX];
    char message[CLIENT_MESSAGE_MAX];
    char request_id[UUID_SIZE];
};

/*
 * Calls an action of ec2; `in` is taken over (NULL: no members). STATUS_OK with the reply in
 * *ret_out (owned by the caller), or an exit status after the error was printed. With a `refusal`
 * a refusal is not printed but put there.
 */
int cli_call(struct cli *c, const char *action, json_t *in, struct refusal *refusal,
             json_t **ret_out);
/* The same for any service and with all pages of a describe call put together. */
int cli_call_service(struct cli *c, const char *service, const char *action, json_t *in,
                     struct refusal *refusal, json_t **ret_out);
int cli_describe(struct cli *c, const char *action, json_t *in, struct refusal *refusal,
                 json_t **ret_out);

/* Members of an answer that may be missing. */
const char *json_text(const json_t *object, const char *member);    /* NULL */
const json_t *json_items(const json_t *object, const char *member); /* NULL: no list */
/* {"Name": name, "Values": [value, ...]} in a new list of filters. */
json_t *filter_of(const char *name, const char *value);
/* The value of a tag in a list of tags; NULL when there is none. */
const char *tag_value(const json_t *tags, const char *key);

static inline void cleanup_json(json_t **j)
{
    json_decref(*j);
}
#define _cleanup_json_ _cleanup_(cleanup_json)
