/* The commands of a transaction, in one of two languages: JSON for libnftables, or lines. */
#include <string.h>

#include "base/text.h"
#include "network/expr_text.h"
#include "network/ruleset_internal.h"

#define METER_SIZE (1 << 20) /* ports of a VPC, and shares of their connections */

/* "add chain inet croft sg-…-in" */
static void line(struct transaction *t, const char *verb, const char *object, const char *family,
                 const char *name)
{
    buf_printf(t->out, "%s %s %s " RULESET_TABLE "%s%s", verb, object, family,
               *name == '\0' ? "" : " ", name);
    t->any = true;
}

static void command(struct transaction *t, const char *verb, const char *object, const char *family)
{
    buf_printf(t->out, "%s{\"%s\":{\"%s\":{\"family\":\"%s\"", t->any ? ",\n" : "{\"nftables\":[\n",
               verb, object, family);
    t->any = true;
}

static void end_command(struct transaction *t)
{
    buf_add_str(t->out, "}}}");
}

void transaction_end(struct transaction *t)
{
    if (t->any && !t->lines)
        buf_add_str(t->out, "\n]}\n");
}

void transaction_table(struct transaction *t, const char *verb, const char *family)
{
    if (t->lines) {
        line(t, verb, "table", family, "");
        buf_add_char(t->out, '\n');
        return;
    }
    command(t, verb, "table", family);
    buf_printf(t->out, ",\"name\":\"" RULESET_TABLE "\"");
    end_command(t);
}

static void line_set(struct transaction *t, const char *verb, const struct ruleset_set *set)
{
    line(t, verb, set->data != NULL ? "map" : "set", set->family, set->name);
    if (streq(verb, "add")) {
        buf_add_str(t->out, " { type ");
        expr_text_type(t->out, set->type);
        buf_printf(t->out, "%s%s;%s", set->data != NULL ? " : " : "",
                   set->data != NULL ? set->data : "", set->intervals ? " flags interval;" : "");
        if (set->meter)
            buf_printf(t->out, " size %d; flags dynamic%s;", METER_SIZE,
                       set->timeout_s > 0 ? ", timeout" : "");
        if (set->timeout_s > 0)
            buf_printf(t->out, " timeout %ds;", set->timeout_s);
        buf_add_str(t->out, " }");
    }
    buf_add_char(t->out, '\n');
}

void transaction_set(struct transaction *t, const char *verb, const struct ruleset_set *set)
{
    if (t->lines) {
        line_set(t, verb, set);
        return;
    }
    command(t, verb, set->data != NULL ? "map" : "set", set->family);
    buf_printf(t->out, ",\"table\":\"" RULESET_TABLE "\",\"name\":\"%s\",\"type\":%s", set->name,
               set->type);
    if (set->data != NULL)
        buf_printf(t->out, ",\"map\":\"%s\"", set->data);
    if (set->intervals)
        buf_add_str(t->out, ",\"flags\":[\"interval\"]");
    /* Older versions of the library have no word for "dynamic" in JSON; the rule that fills the
     * set, which is of the same transaction, tells them. */
    if (set->meter)
        buf_printf(t->out, ",\"size\":%d", METER_SIZE);
    if (set->timeout_s > 0)
        buf_printf(t->out, ",\"timeout\":%d", set->timeout_s);
    end_command(t);
}

void transaction_chain(struct transaction *t, const char *verb, const struct ruleset_chain *chain,
                       bool with_base)
{
    if (t->lines) {
        line(t, verb, "chain", chain->family, chain->name);
        if (with_base && chain->base != NULL) {
            buf_add_str(t->out, " { ");
            expr_text_base(t->out, chain->base);
            buf_add_str(t->out, " }");
        }
        buf_add_char(t->out, '\n');
        return;
    }
    command(t, verb, "chain", chain->family);
    buf_printf(t->out, ",\"table\":\"" RULESET_TABLE "\",\"name\":\"%s\"", chain->name);
    if (with_base && chain->base != NULL)
        buf_printf(t->out, ",%s", chain->base);
    end_command(t);
}

static bool has_rule(const struct ruleset_chain *chain, const struct ruleset_rule *rule)
{
    for (size_t i = 0; chain != NULL && i < chain->rules.n; i++)
        if (streq(chain->rules.v[i].statements, rule->statements) &&
            streq(chain->rules.v[i].comment, rule->comment))
            return true;
    return false;
}

static void line_rule(struct transaction *t, const struct ruleset_rule *rule)
{
    expr_text_rule(t->out, rule->statements);
    if (rule->comment != NULL)
        buf_printf(t->out, " comment \"%s\"", rule->comment);
}

/* The rules of a chain that was emptied; remarks tell which are new, and which do not come back. */
static void line_rules(struct transaction *t, const struct ruleset_chain *old,
                       const struct ruleset_chain *chain)
{
    for (size_t i = 0; old != NULL && i < old->rules.n; i++)
        if (!has_rule(chain, &old->rules.v[i])) {
            buf_printf(t->out, "# gone: ");
            line_rule(t, &old->rules.v[i]);
            buf_add_char(t->out, '\n');
        }
    for (size_t i = 0; chain != NULL && i < chain->rules.n; i++) {
        const struct ruleset_rule *rule = &chain->rules.v[i];
        line(t, "add", "rule", chain->family, chain->name);
        buf_add_char(t->out, ' ');
        line_rule(t, rule);
        buf_add_str(t->out, old == NULL || has_rule(old, rule) ? "\n" : "  # new\n");
    }
}

static void command_rules(struct transaction *t, const struct ruleset_chain *chain)
{
    for (size_t i = 0; i < chain->rules.n; i++) {
        const struct ruleset_rule *rule = &chain->rules.v[i];
        command(t, "add", "rule", chain->family);
        buf_printf(t->out, ",\"table\":\"" RULESET_TABLE "\",\"chain\":\"%s\"", chain->name);
        if (rule->comment != NULL)
            buf_printf(t->out, ",\"comment\":\"%s\"", rule->comment);
        buf_printf(t->out, ",\"expr\":%s", rule->statements);
        end_command(t);
    }
}

void transaction_rules(struct transaction *t, const struct ruleset_chain *old,
                       const struct ruleset_chain *chain)
{
    if (t->lines)
        line_rules(t, old, chain);
    else if (chain != NULL)
        command_rules(t, chain);
}

static void write_key(struct buf *out, const struct ruleset_set *set,
                      const struct ruleset_element *element)
{
    const char *dash = set->intervals ? strchr(element->key[0], '-') : NULL;
    if (dash != NULL) {
        buf_printf(out, "{\"range\":[\"%.*s\",\"%s\"]}", (int)(dash - element->key[0]),
                   element->key[0], dash + 1);
        return;
    }
    if (element->key[1] == NULL) {
        buf_printf(out, "\"%s\"", element->key[0]);
        return;
    }
    buf_add_str(out, "{\"concat\":[");
    for (size_t i = 0; i < RULESET_KEY_PARTS && element->key[i] != NULL; i++)
        buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", element->key[i]);
    buf_add_str(out, "]}");
}

static void line_element(struct element_command *c, const struct ruleset_element *element)
{
    struct buf *out = c->t->out;
    if (!c->open)
        line(c->t, c->verb, "element", c->set->family, c->set->name);
    buf_add_str(out, c->open ? ", " : " { ");
    c->open = true;
    for (size_t i = 0; i < RULESET_KEY_PARTS && element->key[i] != NULL; i++)
        buf_printf(out, "%s%s", i > 0 ? " . " : "", element->key[i]);
    if (element->value != NULL && c->set->data != NULL)
        buf_printf(out, " : %s%s", streq(c->set->data, "verdict") ? "jump " : "", element->value);
}

void transaction_element(struct element_command *c, const struct ruleset_element *element)
{
    struct buf *out = c->t->out;
    if (c->t->lines) {
        line_element(c, element);
        return;
    }
    if (!c->open) {
        command(c->t, c->verb, "element", c->set->family);
        buf_printf(out, ",\"table\":\"" RULESET_TABLE "\",\"name\":\"%s\",\"elem\":[",
                   c->set->name);
    } else {
        buf_add_char(out, ',');
    }
    c->open = true;
    if (element->value == NULL || c->set->data == NULL) {
        write_key(out, c->set, element);
        return;
    }
    buf_add_char(out, '[');
    write_key(out, c->set, element);
    if (streq(c->set->data, "verdict"))
        buf_printf(out, ",{\"jump\":{\"target\":\"%s\"}}]", element->value);
    else
        buf_printf(out, ",\"%s\"]", element->value);
}

void transaction_end_elements(struct element_command *c)
{
    if (c->open && c->t->lines) {
        buf_add_str(c->t->out, " }\n");
    } else if (c->open) {
        buf_add_char(c->t->out, ']');
        end_command(c->t);
    }
}
