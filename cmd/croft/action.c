/* `croft run-instances ...`: any action of the model, with the flags of `aws`. */
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "croft/args.h"
#include "croft/explained.h"
#include "croft/output.h"
#include "croft/verbs.h"

#define ACTION_PAGES_MAX 10000

/* The list that is paged: the first of the reply's that is one. */
static const char *paged_member(const struct wire_action *action)
{
    for (size_t i = 0; i < action->output->n; i++) {
        if (action->output->fields[i].list)
            return action->output->fields[i].member;
    }
    return NULL;
}

/*
 * --max-items may end within a page. The token to go on with is the AWS CLI's: base64 of
 * {"NextToken": of the page, "boto_truncate_amount": items of it that were printed}.
 */
static const char *make_token(struct arena *a, const char *page_token, size_t skip)
{
    _cleanup_json_ json_t *token =
        json_pack("{s:s?, s:I}", "NextToken", page_token, "boto_truncate_amount", (json_int_t)skip);
    _cleanup_free_ char *text = json_dumps(token, 0);

    return base64_encode(a, text, strlen(text));
}

/* Another token is a plain NextToken and is sent as it is. */
static void read_token(struct arena *a, const char *token, const char **ret_page, size_t *ret_skip)
{
    _cleanup_json_ json_t *decoded = NULL;
    char *data;
    size_t len;
    json_int_t skip;

    *ret_page = token;
    *ret_skip = 0;
    if (base64_decode(a, token, strlen(token), &data, &len) < 0)
        return;
    decoded = json_loadb(data, len, 0, NULL);
    if (!json_is_object(decoded))
        return;
    *ret_page = arena_strdup(a, json_text(decoded, "NextToken"));
    skip = json_integer_value(json_object_get(decoded, "boto_truncate_amount"));
    *ret_skip = skip > 0 ? (size_t)skip : 0;
}

static void drop_first(json_t *list, size_t n)
{
    for (; n > 0 && json_array_size(list) > 0; n--)
        json_array_remove(list, 0);
}

struct pages {
    json_t *all;      /* the first page, with the lists of the later ones */
    const char *list; /* the member that is counted */
    size_t max;       /* 0: no limit */
};

/* Adds a page. True when there is enough; `skipped` were left out of its beginning. */
static bool add_page(struct arena *a, struct pages *p, json_t *page, const char *page_token,
                     size_t skipped)
{
    json_t *list = json_object_get(page, p->list), *all;
    size_t had = p->all == NULL ? 0 : json_array_size(json_object_get(p->all, p->list));
    size_t n = json_array_size(list);
    bool cut = p->max > 0 && had + n > p->max;

    while (cut && json_array_size(list) > p->max - had)
        json_array_remove(list, json_array_size(list) - 1);
    if (p->all == NULL) {
        p->all = json_incref(page);
    } else {
        all = json_object_get(p->all, p->list);
        json_array_extend(all, list);
    }
    if (cut)
        json_object_set_new(p->all, "NextToken",
                            json_string(make_token(a, page_token, skipped + p->max - had)));
    return cut;
}

static int run_pages(struct cli *c, const struct wire_action *action, struct request *request,
                     json_t **ret_reply)
{
    struct pages pages = {.list = paged_member(action), .max = (size_t)request->max_items};
    const char *page_token = NULL;
    size_t skip = 0;
    int status = STATUS_OK;

    if (request->starting_token != NULL)
        read_token(c->arena, request->starting_token, &page_token, &skip);
    if (request->page_size > 0)
        json_object_set_new(request->in, "MaxResults", json_integer(request->page_size));
    for (int i = 0; i < ACTION_PAGES_MAX; i++) {
        _cleanup_json_ json_t *page = NULL;
        const char *next;
        size_t skipped = skip;

        if (page_token != NULL)
            json_object_set_new(request->in, "NextToken", json_string(page_token));
        status = cli_call_service(c, action->service->name, action->name,
                                  json_deep_copy(request->in), NULL, &page);
        if (status != STATUS_OK)
            break;
        drop_first(json_object_get(page, pages.list), skip);
        skip = 0;
        next = arena_strdup(c->arena, json_text(page, "NextToken"));
        if (add_page(c->arena, &pages, page, page_token, skipped)) {
            *ret_reply = pages.all;
            return STATUS_OK;
        }
        json_object_del(pages.all, "NextToken");
        if (str_empty(next)) {
            *ret_reply = pages.all;
            return STATUS_OK;
        }
        page_token = next;
        if (pages.max > 0 && json_array_size(json_object_get(pages.all, pages.list)) == pages.max) {
            json_object_set_new(pages.all, "NextToken",
                                json_string(make_token(c->arena, page_token, 0)));
            *ret_reply = pages.all;
            return STATUS_OK;
        }
    }
    json_decref(pages.all);
    if (status == STATUS_OK) {
        complain("%s: more than %d pages", action->name, ACTION_PAGES_MAX);
        status = STATUS_UNREACHED;
    }
    return status;
}

static bool put_dry_run(const struct wire_action *action, json_t *in)
{
    if (action->input == NULL || wire_field_by_member(action->input, "DryRun") == NULL)
        return false;
    return json_object_set_new(in, "DryRun", json_true()) == 0;
}

int action_run(struct cli *c, const struct wire_action *action, int argc, char **argv)
{
    struct request request;
    struct err e = {0};
    _cleanup_json_ json_t *reply = NULL, *in = NULL;
    int status;

    if (args_parse(c, action, argc, argv, &request, &e) < 0) {
        if (e.code == 0) /* an option of every verb, which said so itself */
            return STATUS_USAGE;
        return usage_error(argv[0], "%s", e.message);
    }
    if (request.skeleton) {
        in = skeleton_of(action->input, 0);
        return output_json(in);
    }
    in = request.in;
    if (c->dry_run && !put_dry_run(action, in))
        return usage_error(argv[0], "%s cannot be rehearsed", action->name);
    explained_hold(c);
    if (request.paginate)
        status = run_pages(c, action, &request, &reply);
    else
        status =
            cli_call_service(c, action->service->name, action->name, json_incref(in), NULL, &reply);
    if (status == STATUS_OK)
        status = output_reply(c, action, reply);
    explained_show(c, action, reply);
    return status;
}
