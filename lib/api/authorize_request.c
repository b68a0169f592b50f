/* From a request of EC2 to the resources that it is about. */
#include <string.h>

#include "api/authorize_internal.h"
#include "api/lookup.h"
#include "base/text.h"
#include "wire/value.h"

bool authorize_lists(const char *types, const char *type)
{
    size_t len = strlen(type);
    for (const char *at = strstr(types, type); at != NULL; at = strstr(at + 1, type))
        if ((at == types || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

const char *authorize_member(struct call *c, const char *name)
{
    const struct wire_struct *shape = c->action == NULL ? NULL : c->action->input;
    const struct wire_field *field = shape == NULL ? NULL : wire_field_by_member(shape, name);
    if (field == NULL || field->list || field->kind == WIRE_STRUCT || field->kind == WIRE_BLOB ||
        field->sensitive || !wire_field_is_set(field, c->in))
        return NULL;
    char text[VALUE_TEXT_SIZE];
    return arena_strdup(c->arena, value_to_text(field, (const char *)c->in + field->offset, text));
}

const struct ec2_TagList *authorize_tags_for(struct call *c, const char *type)
{
    const struct wire_struct *shape = c->action->input;
    const struct wire_field *field =
        shape == NULL ? NULL : wire_field_by_member(shape, "TagSpecifications");
    if (field == NULL || !field->list || field->sub != &ec2_TagSpecification_struct)
        return NULL;
    const struct ec2_TagSpecificationList *all =
        (const void *)((const char *)c->in + field->offset);
    for (size_t i = 0; i < all->n; i++)
        if (streq(all->v[i].resource_type, type))
            return &all->v[i].tags;
    return NULL;
}

/* --- what is named */

struct search {
    struct call *c;
    const struct permission *p;
    struct authorize_resources found;
};

/* Key pairs and placement groups have their name in the ARN. */
static const char *name_in_arn(const struct resource *kind, const void *row, const char *id)
{
    if (row != NULL && kind->kind == RESOURCE_KEY_PAIR)
        return ((const struct key_pair *)row)->name;
    if (row != NULL && kind->kind == RESOURCE_PLACEMENT_GROUP)
        return ((const struct placement_group *)row)->name;
    return id;
}

static void add(struct search *s, const struct resource *kind, const void *row, const char *id)
{
    if (kind->type == NULL || !authorize_lists(s->p->named, kind->type))
        return;
    const char *arn = authorize_arn(s->c, kind->type, name_in_arn(kind, row, id));
    for (size_t i = 0; i < s->found.n; i++)
        if (streq(s->found.v[i].arn, arn))
            return;
    *arena_append(s->c->arena, &s->found) = (struct authorize_resource){
        .arn = arn,
        .type = kind->type,
        .id = id,
        .kind = kind,
        .row = row,
        .new_tags = authorize_tags_for(s->c, kind->type),
    };
}

static void add_id(struct search *s, enum resource_kind kind, const char *id)
{
    const struct resource *r = resource_get(kind);
    if (id != NULL)
        add(s, r, lookup_row(s->c, r, id), id);
}

/* Associations and attachments are no resources themselves: it is about what they are of. */
static bool add_ends(struct search *s, const char *id)
{
    struct call *c = s->c;
    if (has_prefix(id, "rtbassoc-")) {
        const struct route_table_association *a =
            store_route_table_association(c->tx, c->arena, id);
        if (a != NULL) {
            add_id(s, RESOURCE_ROUTE_TABLE, a->route_table_id);
            add_id(s, RESOURCE_SUBNET, a->subnet_id);
            add_id(s, RESOURCE_INTERNET_GATEWAY, a->gateway_id);
        }
    } else if (has_prefix(id, "eipassoc-")) {
        struct address_list l = store_addresses(c->tx, c->arena, "association_id", id);
        if (l.n > 0) {
            add_id(s, RESOURCE_ELASTIC_IP, l.v[0].id);
            add_id(s, RESOURCE_NETWORK_INTERFACE, l.v[0].interface_id);
        }
    } else if (has_prefix(id, "eni-attach-")) {
        struct network_interface_list l =
            store_network_interfaces(c->tx, c->arena, "attachment_id", id);
        if (l.n > 0) {
            add_id(s, RESOURCE_NETWORK_INTERFACE, l.v[0].id);
            add_id(s, RESOURCE_INSTANCE, l.v[0].instance_id);
        }
    } else if (has_prefix(id, "iip-assoc-")) {
        const struct instance_profile_association *p =
            store_instance_profile_association(c->tx, c->arena, id);
        if (p != NULL)
            add_id(s, RESOURCE_INSTANCE, p->instance_id);
    } else if (has_prefix(id, "aclassoc-")) {
        const struct network_acl_association *a =
            store_network_acl_association(c->tx, c->arena, id);
        if (a != NULL)
            add_id(s, RESOURCE_SUBNET, a->subnet_id);
    } else if (has_prefix(id, "subnet-cidr-assoc-")) {
        struct subnet_list l = store_subnets(c->tx, c->arena, "ipv6_association_id", id);
        if (l.n > 0)
            add_id(s, RESOURCE_SUBNET, l.v[0].id);
    } else if (has_prefix(id, "vpc-cidr-assoc-")) {
        const struct vpc_cidr_block *b = store_vpc_cidr_block(c->tx, c->arena, id);
        if (b != NULL)
            add_id(s, RESOURCE_VPC, b->vpc_id);
    } else {
        return false;
    }
    return true;
}

static void add_any_id(struct search *s, const char *id)
{
    if (add_ends(s, id))
        return;
    const struct resource *r = resource_of_id(id);
    if (r == NULL)
        return;
    const void *row = lookup_row(s->c, r, id);
    add(s, r, row, id);
    /* Who accepts a peering gives its own VPC to it, which the request does not name. */
    if (r->kind == RESOURCE_VPC_PEERING_CONNECTION && row != NULL &&
        streq(s->p->action, "AcceptVpcPeeringConnection"))
        add_id(s, RESOURCE_VPC, ((const struct vpc_peering_connection *)row)->accepter_vpc_id);
}

/* Members that name something otherwise than by its id, of those that an action lists. */
static const struct {
    const char *member;
    enum resource_kind kind;
    const struct table *table;
    const char *column;
} names[] = {
    {"KeyName", RESOURCE_KEY_PAIR, &table_key_pair, "name"},
    {"GroupName", RESOURCE_SECURITY_GROUP, &table_security_group, "name"},
    {"SecurityGroups", RESOURCE_SECURITY_GROUP, &table_security_group, "name"},
    {"GroupName", RESOURCE_PLACEMENT_GROUP, &table_placement_group, "name"},
    {"LaunchTemplateName", RESOURCE_LAUNCH_TEMPLATE, &table_launch_template, "name"},
    {"PublicIp", RESOURCE_ELASTIC_IP, &table_address, "public_ip"},
};

/* All that have the name: a security group's is unique in its VPC alone. */
static void add_named(struct search *s, const char *member, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct resource *r = resource_get(names[i].kind);
        if (!streq(names[i].member, member) || !authorize_lists(s->p->named, r->type))
            continue;
        void *rows = NULL;
        size_t n = 0;
        table_find(s->c->tx, names[i].table, s->c->arena, &rows, &n,
                   (const char *const[]){"account_id", s->c->principal->account_id, "region",
                                         s->c->region->name, names[i].column, name, NULL});
        for (size_t k = 0; k < n; k++) {
            const char *row = (const char *)rows + k * names[i].table->row_size;
            add(s, r, row,
                *(const char *const *)(const void *)row); /* the id is the first column */
        }
        if (n == 0 && names[i].kind == RESOURCE_KEY_PAIR)
            add(s, r, NULL, name);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    return len >= strlen(end) && streq(text + len - strlen(end), end);
}

/* Does the member have ids? Most say so; in some any kind of them may stand. */
static bool has_ids(const struct wire_field *f)
{
    return f->id_prefix != NULL || ends_with(f->member, "Id") || ends_with(f->member, "Ids") ||
           streq(f->member, "Resources") || streq(f->member, "Source") ||
           streq(f->member, "Destination");
}

static void look_at(struct search *s, const struct wire_field *f, const void *slot);

static void look_in(struct search *s, const struct wire_struct *shape, const void *value)
{
    for (size_t i = 0; i < shape->n; i++) {
        const struct wire_field *f = &shape->fields[i];
        if (f->in == NULL || f->sub == &ec2_TagSpecification_struct ||
            f->sub == &ec2_Filter_struct || !wire_field_is_set(f, value))
            continue;
        const char *slot = (const char *)value + f->offset;
        if (!f->list) {
            look_at(s, f, slot);
            continue;
        }
        const struct wire_strings *list = (const void *)slot;
        for (size_t k = 0; k < list->n; k++)
            look_at(s, f, (const char *)list->v + k * wire_field_size(f));
    }
}

static void look_at(struct search *s, const struct wire_field *f, const void *slot)
{
    if (f->kind == WIRE_STRUCT) { /* the elements of a list are structures, a member a pointer */
        look_in(s, f->sub, f->list ? slot : *(const void *const *)slot);
        return;
    }
    const char *text = f->kind == WIRE_STR ? *(const char *const *)slot : NULL;
    if (text == NULL)
        return;
    if (has_ids(f))
        add_any_id(s, text);
    else
        add_named(s, f->member, text);
}

/* --- what is made */

static void add_made(struct search *s)
{
    const char *at = s->p->made;
    while (*at != '\0') {
        size_t len = strcspn(at, " ");
        const char *type = arena_strndup(s->c->arena, at, len);
        const struct ec2_TagList *tags = authorize_tags_for(s->c, type);
        at += len + strspn(at + len, " ");
        /* AWS: the rules of a security group are asked about only when they are given tags. */
        if (streq(type, "security-group-rule") && tags == NULL)
            continue;
        *arena_append(s->c->arena, &s->found) = (struct authorize_resource){
            .arn = authorize_arn(s->c, type, "*"),
            .type = type,
            .new_tags = tags,
        };
    }
}

/* CreateTags and DeleteTags: their tags, and any type of resource. */
static void add_tagged(struct search *s)
{
    const struct wire_field *resources = wire_field_by_member(s->c->action->input, "Resources");
    const struct wire_field *tags = wire_field_by_member(s->c->action->input, "Tags");
    const struct wire_strings *ids = (const void *)((const char *)s->c->in + resources->offset);
    for (size_t i = 0; i < ids->n; i++) {
        const struct resource *r = resource_of_id(ids->v[i]);
        if (r == NULL || r->type == NULL)
            continue;
        const void *row = lookup_row(s->c, r, ids->v[i]);
        *arena_append(s->c->arena, &s->found) = (struct authorize_resource){
            .arn = authorize_arn(s->c, r->type, name_in_arn(r, row, ids->v[i])),
            .type = r->type,
            .id = ids->v[i],
            .kind = r,
            .row = row,
            .new_tags = (const void *)((const char *)s->c->in + tags->offset),
        };
    }
}

void authorize_of_request(struct call *c, const struct permission *p,
                          struct authorize_resources *ret_resources)
{
    struct search s = {.c = c, .p = p};
    if (streq(p->named, "*"))
        add_tagged(&s);
    else if (c->action->input != NULL)
        look_in(&s, c->action->input, c->in);
    add_made(&s);
    /* Nothing that is there: then it is about whatever the action finds. */
    if (s.found.n == 0)
        *arena_append(c->arena, &s.found) = (struct authorize_resource){.arn = "*"};
    *ret_resources = s.found;
}
