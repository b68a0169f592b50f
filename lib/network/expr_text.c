#include "network/expr_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void value(struct buf *out, const json_t *v, bool quoted);

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* What has no form here is shown as it goes to the kernel: never left out. */
static void as_json(struct buf *out, const json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_add_str(out, text == NULL ? "?" : text);
    free(text);
}

static void joined(struct buf *out, const json_t *parts, const char *between)
{
    size_t i;
    json_t *part;
    json_array_foreach(parts, i, part)
    {
        buf_add_str(out, i > 0 ? between : "");
        value(out, part, false);
    }
}

/* quoted: the name of an interface, which may hold a wildcard. */
static void value(struct buf *out, const json_t *v, bool quoted)
{
    const json_t *meta = json_object_get(v, "meta");
    const json_t *payload = json_object_get(v, "payload");
    const json_t *prefix = json_object_get(v, "prefix");
    const json_t *range = json_object_get(v, "range");
    const json_t *ct = json_object_get(v, "ct");
    const json_t *rt = json_object_get(v, "rt");
    const json_t *turn = json_object_get(v, "numgen");
    const json_t *any = json_object_get(v, "set");
    const json_t *bits = json_object_get(v, "&");
    const json_t *header = json_object_get(v, "exthdr");
    const char *text = json_string_value(v);
    if (text != NULL)
        buf_printf(out, quoted && text[0] != '@' ? "\"%s\"" : "%s", text);
    else if (json_is_integer(v))
        buf_printf(out, "%lld", (long long)json_integer_value(v));
    else if (meta != NULL)
        buf_printf(out, "%s%s",
                   has_prefix(text_of(meta, "key"), "iif") ||
                           has_prefix(text_of(meta, "key"), "oif")
                       ? ""
                       : "meta ",
                   text_of(meta, "key"));
    else if (payload != NULL)
        buf_printf(out, "%s %s", text_of(payload, "protocol"), text_of(payload, "field"));
    else if (ct != NULL)
        buf_printf(out, "ct %s", text_of(ct, "key"));
    else if (rt != NULL)
        buf_printf(out, "rt %s %s", text_of(rt, "family"), text_of(rt, "key"));
    else if (turn != NULL)
        buf_printf(out, "numgen %s mod %lld", text_of(turn, "mode"),
                   (long long)json_integer_value(json_object_get(turn, "mod")));
    else if (prefix != NULL)
        buf_printf(out, "%s/%lld", text_of(prefix, "addr"),
                   (long long)json_integer_value(json_object_get(prefix, "len")));
    else if (range != NULL)
        buf_printf(out, "%lld-%lld", (long long)json_integer_value(json_array_get(range, 0)),
                   (long long)json_integer_value(json_array_get(range, 1)));
    else if (header != NULL)
        buf_printf(out, "exthdr %s", text_of(header, "name"));
    else if (json_is_true(v))
        buf_add_str(out, "exists");
    else if (bits != NULL) {
        value(out, json_array_get(bits, 0), false);
        buf_printf(out, " & 0x%llx", (long long)json_integer_value(json_array_get(bits, 1)));
    } else if (any != NULL) {
        buf_add_str(out, "{ ");
        joined(out, any, ", ");
        buf_add_str(out, " }");
    } else if (json_object_get(v, "concat") != NULL)
        joined(out, json_object_get(v, "concat"), " . ");
    else
        as_json(out, v);
}

static bool is_interface(const json_t *left)
{
    const char *key = text_of(json_object_get(left, "meta"), "key");
    return streq(key, "iifname") || streq(key, "oifname");
}

static void match(struct buf *out, const json_t *m)
{
    const json_t *left = json_object_get(m, "left");
    value(out, left, false);
    buf_add_str(out, streq(text_of(m, "op"), "!=") ? " != " : " ");
    value(out, json_object_get(m, "right"), is_interface(left));
}

/* { 0 : 10.0.0.18, 1 : 10.0.0.19 } */
static void pairs(struct buf *out, const json_t *set)
{
    size_t i;
    json_t *pair;
    json_array_foreach(set, i, pair)
    {
        buf_add_str(out, i == 0 ? "{ " : ", ");
        value(out, json_array_get(pair, 0), false);
        buf_add_str(out, " : ");
        value(out, json_array_get(pair, 1), false);
    }
    buf_add_str(out, " }");
}

/* dnat ip to ip daddr map @public_to_private; snat ip to 10.0.0.18 */
static void translate(struct buf *out, const char *verb, const json_t *how)
{
    const json_t *address = json_object_get(how, "addr");
    const json_t *map = json_object_get(address, "map");
    const json_t *data = json_object_get(map, "data");
    buf_printf(out, "%s %s to ", verb, text_of(how, "family"));
    value(out, map == NULL ? address : json_object_get(map, "key"), false);
    if (map == NULL)
        return;
    buf_add_str(out, " map ");
    if (json_object_get(data, "set") != NULL)
        pairs(out, json_object_get(data, "set"));
    else
        value(out, data, false);
}

/* update @arp_rate { iifname limit rate over 100/second burst 256 packets } */
static void metered(struct buf *out, const json_t *m)
{
    const json_t *stmt = json_array_get(json_object_get(m, "stmt"), 0);
    const json_t *limit = json_object_get(stmt, "limit");
    const json_t *count = json_object_get(stmt, "ct count");
    buf_printf(out, "%s %s { ", text_of(m, "op"), text_of(m, "set"));
    value(out, json_object_get(m, "elem"), false);
    if (limit != NULL)
        buf_printf(out, " limit rate over %lld/%s burst %lld packets",
                   (long long)json_integer_value(json_object_get(limit, "rate")),
                   text_of(limit, "per"),
                   (long long)json_integer_value(json_object_get(limit, "burst")));
    else
        buf_printf(out, " ct count over %lld",
                   (long long)json_integer_value(json_object_get(count, "val")));
    buf_add_str(out, " }");
}

/* meta mark set jhash ip saddr . … mod 256 seed 0x1 */
static void mangle(struct buf *out, const json_t *m)
{
    const json_t *hash = json_object_get(json_object_get(m, "value"), "jhash");
    value(out, json_object_get(m, "key"), false);
    buf_add_str(out, " set jhash ");
    value(out, json_object_get(hash, "expr"), false);
    buf_printf(out, " mod %lld seed 0x%llx",
               (long long)json_integer_value(json_object_get(hash, "mod")),
               (long long)json_integer_value(json_object_get(hash, "seed")));
}

static void statement(struct buf *out, const json_t *s)
{
    const char *name = json_object_iter_key(json_object_iter((json_t *)s));
    const json_t *body = json_object_get(s, name);
    if (streq(name, "match")) {
        match(out, body);
    } else if (streq(name, "jump") || streq(name, "goto")) {
        buf_printf(out, "%s %s", name, text_of(body, "target"));
    } else if (streq(name, "vmap")) {
        value(out, json_object_get(body, "key"), false);
        buf_printf(out, " vmap %s", text_of(body, "data"));
    } else if (streq(name, "dnat") || streq(name, "snat")) {
        translate(out, name, body);
    } else if (streq(name, "mangle")) {
        mangle(out, body);
    } else if (streq(name, "set")) {
        metered(out, body);
    } else if (name != NULL && json_is_null(body)) {
        buf_add_str(out, name); /* accept, drop, masquerade */
    } else {
        as_json(out, s);
    }
}

void expr_text_rule(struct buf *out, const char *statements)
{
    json_t *list = json_loads(statements, 0, NULL);
    size_t i;
    json_t *s;
    json_array_foreach(list, i, s)
    {
        buf_add_str(out, i > 0 ? " " : "");
        statement(out, s);
    }
    json_decref(list);
}

void expr_text_type(struct buf *out, const char *type)
{
    json_t *v = json_loads(type, JSON_DECODE_ANY, NULL);
    if (json_is_array(v))
        joined(out, v, " . ");
    else
        value(out, v, false);
    json_decref(v);
}

void expr_text_base(struct buf *out, const char *members)
{
    struct buf text = BUF_INIT(1024);
    buf_printf(&text, "{%s}", members);
    json_t *v = json_loads(buf_str(&text), 0, NULL);
    buf_printf(out, "type %s hook %s priority %lld; policy %s;", text_of(v, "type"),
               text_of(v, "hook"), (long long)json_integer_value(json_object_get(v, "prio")),
               text_of(v, "policy"));
    json_decref(v);
    buf_done(&text);
}
