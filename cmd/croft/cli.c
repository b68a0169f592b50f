#include "croft/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "croft/explained.h"
#include "croft/screen.h"

/* A describe call that never stops naming a next page is a broken server. */
#define PAGES_MAX 10000

void complain(const char *format, ...)
{
    va_list ap;
    screen_progress_end();
    fputs("croft: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void note(const char *format, ...)
{
    va_list ap;
    screen_progress_end();
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

int usage_error(const char *topic, const char *format, ...)
{
    va_list ap;
    screen_progress_end();
    fputs("croft: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nSee: croft help%s%s\n", topic == NULL ? "" : " ",
            topic == NULL ? "" : topic);
    return STATUS_USAGE;
}

static int set_output(struct cli *c, const char *value)
{
    static const struct {
        const char *name;
        enum output output;
    } names[] = {{"json", OUTPUT_JSON}, {"table", OUTPUT_TABLE}, {"text", OUTPUT_TEXT}};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (streq(names[i].name, value)) {
            c->output = names[i].output;
            return 0;
        }
    }
    usage_error(NULL, "--output takes json, table or text, not '%s'", value);
    return -1;
}

int global_option(struct cli *c, int argc, char **argv, int *i)
{
    static const char *const names[] = {"--endpoint", "--endpoint-url", "--region", "--profile",
                                        "--output"};
    const char *word = argv[*i];

    if (streq(word, "--explain")) {
        c->explain = true;
        return 1;
    }
    for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
        size_t len = strlen(names[k]);
        const char *value;

        if (strncmp(word, names[k], len) != 0 || (word[len] != '\0' && word[len] != '='))
            continue;
        if (word[len] == '=') {
            value = word + len + 1;
        } else if (*i + 1 < argc) {
            value = argv[++*i];
        } else {
            usage_error(NULL, "%s needs a value", names[k]);
            return -1;
        }
        if (k <= 1)
            c->endpoint = value;
        else if (k == 2)
            c->region = value;
        else if (k == 3)
            c->profile = value;
        else if (set_output(c, value) < 0)
            return -1;
        return 1;
    }
    return 0;
}

const char *cli_endpoint(const struct cli *c)
{
    const char *socket = getenv("CROFT_SOCKET");

    if (c->endpoint != NULL)
        return c->endpoint;
    return str_empty(socket) ? DEFAULT_SOCKET : socket;
}

static const char *region_of(const struct cli *c)
{
    static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};

    if (c->region != NULL)
        return c->region;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = getenv(names[i]);
        if (!str_empty(value))
            return value;
    }
    return NULL;
}

struct client *cli_client(struct cli *c, const char *service, int *ret_status)
{
    struct client_config config = {.endpoint = cli_endpoint(c),
                                   .region = region_of(c),
                                   .service = service,
                                   .explain = c->explain,
                                   .ca_file = getenv("AWS_CA_BUNDLE")};
    struct err e = {0};

    if (c->client != NULL && streq(c->service, service))
        return c->client;
    if (has_prefix(config.endpoint, "http")) {
        if (client_credentials_find(c->profile, c->arena, &config.credentials, &e) < 0) {
            complain("%s needs credentials: %s", config.endpoint, e.message);
            *ret_status = STATUS_NO_KEYS;
            return NULL;
        }
    }
    client_free(c->client);
    c->client = NULL;
    if (client_new(&config, &c->client, &e) < 0) {
        complain("%s", e.message);
        *ret_status = STATUS_UNREACHED;
        return NULL;
    }
    c->service = service;
    return c->client;
}

int cli_no_answer(const struct cli *c, int r, const struct err *e)
{
    complain("%s", e->message);
    if (r == -ENOENT || r == -ECONNREFUSED)
        note("Is croftd running, and is %s its place (CROFT_SOCKET, --endpoint)?", cli_endpoint(c));
    else if (r == -EACCES)
        note("The socket is for root and members of the group croft");
    return STATUS_UNREACHED;
}

static int refused(const struct client_reply *reply, struct refusal *refusal)
{
    if (refusal != NULL) {
        (void)snprintf(refusal->code, sizeof(refusal->code), "%s", reply->code);
        (void)snprintf(refusal->message, sizeof(refusal->message), "%s", reply->message);
        (void)snprintf(refusal->request_id, sizeof(refusal->request_id), "%s", reply->request_id);
        return STATUS_REFUSED;
    }
    screen_progress_end();
    fprintf(stderr, "croft: %s: %s\n", reply->code, reply->message);
    if (reply->request_id[0] != '\0')
        fprintf(stderr, "(request id %s)\n", reply->request_id);
    return STATUS_REFUSED;
}

int cli_call_service(struct cli *c, const char *service, const char *action, json_t *in,
                     struct refusal *refusal, json_t **ret_out)
{
    _cleanup_json_ json_t *body = in != NULL ? in : json_object();
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    _cleanup_free_ char *text = json_dumps(body, JSON_COMPACT);
    json_error_t where;
    json_t *out;
    struct err e = {0};
    int status = STATUS_OK;
    struct client *client = cli_client(c, service, &status);
    int r;

    if (client == NULL)
        return status;
    if (text == NULL) {
        complain("the request is not valid UTF-8 text");
        return STATUS_USAGE;
    }
    r = client_call(client, action, text, strlen(text), &reply, &e);
    if (r == -EREMOTEIO) {
        explained_refusal(c, &reply);
        return refused(&reply, refusal);
    }
    if (r < 0)
        return cli_no_answer(c, r, &e);
    out = json_loadb(buf_str(&reply.body), reply.body.len, JSON_ALLOW_NUL, &where);
    if (out == NULL || !json_is_object(out)) {
        json_decref(out);
        complain("%s: the answer to %s is no JSON object", cli_endpoint(c), action);
        return STATUS_UNREACHED;
    }
    explained_reply(c, out);
    *ret_out = out;
    return STATUS_OK;
}

int cli_call(struct cli *c, const char *action, json_t *in, struct refusal *refusal,
             json_t **ret_out)
{
    return cli_call_service(c, "ec2", action, in, refusal, ret_out);
}

static void append_page(json_t *all, json_t *page)
{
    const char *key;
    json_t *value;

    json_object_foreach(page, key, value)
    {
        json_t *list = json_object_get(all, key);
        if (json_is_array(list) && json_is_array(value))
            json_array_extend(list, value);
    }
}

int cli_describe(struct cli *c, const char *action, json_t *in, struct refusal *refusal,
                 json_t **ret_out)
{
    _cleanup_json_ json_t *request = in != NULL ? in : json_object();
    _cleanup_json_ json_t *all = NULL;

    for (int page = 0; page < PAGES_MAX; page++) {
        _cleanup_json_ json_t *reply = NULL;
        const char *token;
        int status = cli_call(c, action, json_deep_copy(request), refusal, &reply);

        if (status != STATUS_OK)
            return status;
        token = json_text(reply, "NextToken");
        if (!str_empty(token))
            json_object_set_new(request, "NextToken", json_string(token));
        if (all == NULL)
            all = json_incref(reply);
        else
            append_page(all, reply);
        if (str_empty(token)) {
            json_object_del(all, "NextToken");
            *ret_out = TAKE(all);
            return STATUS_OK;
        }
    }
    complain("%s: more than %d pages", action, PAGES_MAX);
    return STATUS_UNREACHED;
}

const char *json_text(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

const json_t *json_items(const json_t *object, const char *member)
{
    const json_t *list = json_object_get(object, member);
    return json_is_array(list) ? list : NULL;
}

json_t *filter_of(const char *name, const char *value)
{
    return json_pack("[{s:s, s:[s]}]", "Name", name, "Values", value);
}

const char *tag_value(const json_t *tags, const char *key)
{
    size_t i;
    json_t *tag;

    json_array_foreach(tags, i, tag)
    {
        if (streq(json_text(tag, "Key"), key))
            return json_text(tag, "Value");
    }
    return NULL;
}
