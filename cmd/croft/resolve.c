/* croft resolve: whose name or address is this? */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "croft/options.h"
#include "croft/output.h"
#include "croft/table.h"
#include "croft/verbs.h"

/* Is it the name in full, or up to its first dot? */
static bool is_name(const char *word, const char *name)
{
    if (name == NULL)
        return false;
    size_t len = strlen(word);
    if (len > 0 && word[len - 1] == '.')
        len--; /* as resolvers write it */
    return len > 0 && strncasecmp(name, word, len) == 0 &&
           (name[len] == '\0' || (name[len] == '.' && memchr(word, '.', len) == NULL));
}

/* The same address of IPv6 may be written in several ways. */
static bool is_ipv6(const char *word, const char *address)
{
    struct in6_addr one;
    struct in6_addr other;
    return address != NULL && inet_pton(AF_INET6, word, &one) == 1 &&
           inet_pton(AF_INET6, address, &other) == 1 && memcmp(&one, &other, sizeof(one)) == 0;
}

/* One address of an interface and its name. */
struct found {
    const char *address;
    const char *name; /* NULL: none */
    const json_t *interface;
};

struct search {
    struct cli *c;
    const char *word;
    struct {
        struct found *v;
        size_t n;
    } found;
};

static bool is_asked_for(const struct search *s, const struct found *f)
{
    const json_t *attachment = json_object_get(f->interface, "Attachment");
    return is_name(s->word, f->name) || streq(s->word, f->address) ||
           is_ipv6(s->word, f->address) ||
           streq(s->word, json_text(f->interface, "NetworkInterfaceId")) ||
           streq(s->word, json_text(attachment, "InstanceId"));
}

static void look_at(struct search *s, struct found f)
{
    if (f.address != NULL && is_asked_for(s, &f))
        *arena_append(s->c->arena, &s->found) = f;
}

static void look_at_interface(struct search *s, const json_t *interface)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(interface, "PrivateIpAddresses"), i, one)
    {
        const json_t *public = json_object_get(one, "Association");
        look_at(s, (struct found){json_text(one, "PrivateIpAddress"),
                                  json_text(one, "PrivateDnsName"), interface});
        look_at(s, (struct found){json_text(public, "PublicIp"), json_text(public, "PublicDnsName"),
                                  interface});
    }
    json_array_foreach(json_object_get(interface, "Ipv6Addresses"), i, one)
        look_at(s, (struct found){json_text(one, "Ipv6Address"), NULL, interface});
}

static void print(const struct search *s)
{
    static const struct column columns[] = {
        {"ADDRESS", false, false, false}, {"NAME", false, false, false},
        {"INSTANCE", false, true, false}, {"INTERFACE", false, true, false},
        {"VPC", false, true, false},
    };
    struct table table = {.columns = columns, .n_columns = ARRAY_SIZE(columns)};
    for (size_t i = 0; i < s->found.n; i++) {
        const struct found *f = &s->found.v[i];
        const char *const texts[] = {
            f->address, f->name,
            json_text(json_object_get(f->interface, "Attachment"), "InstanceId"),
            json_text(f->interface, "NetworkInterfaceId"), json_text(f->interface, "VpcId")};
        struct table_row *row = table_add(s->c->arena, &table);
        for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
            row->cells[k].text = texts[k];
    }
    table_print(s->c->arena, &table);
}

static int print_json(const struct search *s)
{
    _cleanup_json_ json_t *list = json_array();
    for (size_t i = 0; i < s->found.n; i++) {
        const struct found *f = &s->found.v[i];
        json_array_append_new(
            list, json_pack("{s:s,s:s?,s:s?,s:s?,s:s?}", "Address", f->address, "Name", f->name,
                            "InstanceId",
                            json_text(json_object_get(f->interface, "Attachment"), "InstanceId"),
                            "NetworkInterfaceId", json_text(f->interface, "NetworkInterfaceId"),
                            "VpcId", json_text(f->interface, "VpcId")));
    }
    return output_json(list);
}

static int run_resolve(struct cli *c, int argc, char **argv)
{
    _cleanup_json_ json_t *reply = NULL;
    struct words words;
    struct search search = {.c = c};
    size_t i;
    json_t *interface;
    int status = options_parse(c, "resolve", NULL, 0, 0, argc, argv, &words);
    if (status != STATUS_OK)
        return status;
    if (words.n != 1)
        return usage_error("resolve", "croft resolve NAME|ADDRESS|ID");
    search.word = words.v[0];
    status = cli_describe(c, "DescribeNetworkInterfaces", NULL, NULL, &reply);
    if (status != STATUS_OK)
        return status;
    json_array_foreach(json_object_get(reply, "NetworkInterfaces"), i, interface)
        look_at_interface(&search, interface);
    if (search.found.n == 0) {
        complain("nobody in this region has '%s'", search.word);
        return STATUS_FAILED;
    }
    if (c->output == OUTPUT_JSON)
        return print_json(&search);
    print(&search);
    return STATUS_OK;
}

const struct verb resolve_verbs[] = {
    {"resolve", run_resolve, "NAME|ADDRESS|ID",
     "Says whose a name or an address is, and which address a name has",
     "NAME is private (ip-172-31-0-10.ec2.internal) or public (ec2-198-18-3-4...), in full or up "
     "to\n"
     "its first dot; ADDRESS is private, public or of IPv6; ID is that of an instance or "
     "interface.\n"
     "VPCs may have the same addresses, and so the same names: each that has it is a line.\n"
     "Exit status 1 when nobody has it. --output json prints a list."},
    {NULL, NULL, NULL, NULL, NULL},
};
