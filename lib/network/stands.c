#include "network/stands.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "network/intent.h"

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

static int stands_port(struct arena *a, const char *runtime_dir, const struct net_vpc *intent,
                       const char *id, size_t max, struct net_explained *ret, struct err *e)
{
    struct net_vpc without = *intent;
    struct net_port *ports = arena_array(a, intent->n_ports, struct net_port);
    without.ports = ports;
    without.n_ports = 0;
    for (size_t i = 0; i < intent->n_ports; i++)
        if (!streq(intent->ports[i].interface_id, id))
            ports[without.n_ports++] = intent->ports[i];
    int r = network_explain(a, runtime_dir, &without, intent, max, ret, e);
    if (r == 0)
        ret->reload = network_explain_plug(a, intent, id);
    return r;
}

int network_stands(struct arena *a, const char *runtime_dir, const struct net_vpc *intent,
                   const char *id, size_t max, struct net_explained *ret, struct err *e)
{
    struct net_explained all = {0};
    bool is_vpc = streq(id, intent->vpc_id);
    if (intent_port(intent, id) != NULL)
        return stands_port(a, runtime_dir, intent, id, max, ret, e);
    for (size_t i = 0; i < intent->n_tables; i++)
        if (streq(intent->tables[i].route_table_id, id)) {
            *ret = all; /* no rules: its routes are the intent's own */
            return 0;
        }
    if (!is_vpc && intent_group(intent, id) == NULL && intent_acl(intent, id) == NULL)
        return err_set(e, ENOENT, "%s has no %s", intent->vpc_id, id);
    int r = network_explain(a, runtime_dir, NULL, intent, max, &all, e);
    if (r < 0)
        return r;
    if (!is_vpc)
        all = (struct net_explained){.rules = lines_about(a, all.rules, id, max)};
    *ret = all;
    return 0;
}
