#include "network/stands.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "network/intent.h"
#include "network/ways.h"

#define NAME_AT 4 /* add chain inet croft NAME … */

/* "sg-1-in", "sg-1.sg-2-out", "sg-1": is the chain, or the set, of the object, or also of it? */
static bool is_of(const char *name, size_t len, const char *id)
{
    size_t id_len = strlen(id);
    for (const char *at = name; at + id_len <= name + len; at++) {
        bool begins = at == name || at[-1] == '.';
        char end = at + id_len == name + len ? '\0' : at[id_len];
        if (begins && strncmp(at, id, id_len) == 0 && (end == '\0' || end == '.' || end == '-'))
            return true;
    }
    return false;
}

/* Does the line speak of the object's chains and sets, or of "@sg-1"? */
static bool is_about(const char *line, size_t len, const char *id)
{
    const char *name = line;
    const char *end = line + len;
    for (int i = 0; i < NAME_AT && name != NULL; i++) {
        name = memchr(name, ' ', (size_t)(end - name));
        name = name == NULL ? NULL : name + 1;
    }
    if (name == NULL)
        return false;
    const char *space = memchr(name, ' ', (size_t)(end - name));
    if (is_of(name, (size_t)((space == NULL ? end : space) - name), id))
        return true;
    size_t id_len = strlen(id);
    for (const char *at = name; (at = memchr(at, '@', (size_t)(end - at))) != NULL; at++)
        if ((size_t)(end - at) > id_len && strncmp(at + 1, id, id_len) == 0 &&
            (at + 1 + id_len == end || strchr(" -", at[1 + id_len]) != NULL))
            return true;
    return false;
}

static const char *lines_about(struct arena *a, const char *text, const char *id, size_t max)
{
    _cleanup_buf_ struct buf out = BUF_INIT(max);
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, "\n");
        if (is_about(text, len, id))
            buf_printf(&out, "%.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
    return arena_strdup(a, buf_str(&out));
}

static int stands_port(struct arena *a, const struct net_explain_options *o,
                       const struct net_vpc *intent, const char *id, struct net_explained *ret,
                       struct err *e)
{
    struct net_vpc without = *intent;
    struct net_port *ports = arena_array(a, intent->n_ports, struct net_port);
    without.ports = ports;
    without.n_ports = 0;
    for (size_t i = 0; i < intent->n_ports; i++)
        if (!streq(intent->ports[i].interface_id, id))
            ports[without.n_ports++] = intent->ports[i];
    int r = network_explain(a, o, &without, intent, ret, e);
    if (r == 0 && intent_port(intent, id)->nat_gateway_id == NULL)
        ret->reload = network_explain_plug(a, intent, id);
    return r;
}

/* Does the line end in "WORD NUMBER", or have it before something else? */
static bool names_table(const char *line, const char *word, uint32_t number, struct arena *a)
{
    const char *wanted = arena_printf(a, " %s %u", word, number);
    const char *at = strstr(line, wanted);
    return at != NULL && (at[strlen(wanted)] == '\0' || at[strlen(wanted)] == ' ');
}

/* The routes of the kernel's table, and the rules that lead to it. */
static int stands_table(struct arena *a, const struct net_vpc *intent,
                        const struct net_route_table *table, struct net_explained *ret,
                        struct err *e)
{
    const struct ways nothing = {0};
    struct ways all = {0};
    struct net_explained told = {0};
    uint32_t number = ways_table(table->number);
    int r = ways_build(a, intent, &all, e);
    if (r < 0)
        return r;
    struct net_names words = ways_explain(a, &nothing, &all);
    for (size_t i = 0; i < words.n; i++)
        if (names_table(words.v[i], "table", number, a) ||
            names_table(words.v[i], "lookup", number, a))
            *arena_append(a, &told.routes) =
                arena_printf(a, "ip -n %s %s", intent->vpc_id, words.v[i]);
    *ret = told;
    return 0;
}

int network_stands(struct arena *a, const struct net_explain_options *o,
                   const struct net_vpc *intent, const char *id, struct net_explained *ret,
                   struct err *e)
{
    struct net_explained all = {0};
    bool is_vpc = streq(id, intent->vpc_id);
    for (size_t i = 0; i < intent->n_ports; i++)
        if (streq(intent->ports[i].interface_id, id) || streq(intent->ports[i].nat_gateway_id, id))
            return stands_port(a, o, intent, intent->ports[i].interface_id, ret, e);
    for (size_t i = 0; i < intent->n_tables; i++)
        if (streq(intent->tables[i].route_table_id, id))
            return stands_table(a, intent, &intent->tables[i], ret, e);
    if (!is_vpc && intent_group(intent, id) == NULL && intent_acl(intent, id) == NULL)
        return err_set(e, ENOENT, "%s has no %s", intent->vpc_id, id);
    int r = network_explain(a, o, NULL, intent, &all, e);
    if (r < 0)
        return r;
    if (!is_vpc)
        all = (struct net_explained){.rules = lines_about(a, all.rules, id, o->rules_max)};
    *ret = all;
    return 0;
}
