#include "network/intent.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "network/shape.h"

/* Two walkers, one that copies and one that compares, go by the tables of shape.c. */

#define AT(type, base, offset) ((type *)((char *)(base) + (offset)))
#define IN(type, base, offset) ((const type *)((const char *)(base) + (offset)))

/* --- copying */

/* Where copies go: an arena, or one block that has been made large enough. */
struct space {
    struct arena *arena; /* NULL: the block */
    char *block;
    size_t used;
};

#define BLOCK_ALIGNMENT sizeof(void *) /* enough for all that an intent has */

static size_t aligned(size_t size)
{
    return (size + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
}

static void *space_take(struct space *s, size_t size)
{
    if (s->arena != NULL)
        return arena_alloc(s->arena, size);
    void *at = s->block + s->used;
    s->used += aligned(size);
    return at;
}

static const char *copy_text(struct space *s, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(space_take(s, size), text, size);
}

static void copy(struct space *s, const struct shape *shape, const void *from, void *to);

static void copy_list(struct space *s, const struct field *f, const void *from, void *to)
{
    size_t n = *IN(size_t, from, f->count);
    const char *elements = *IN(char *const, from, f->at);
    char *copies = n == 0 ? NULL : space_take(s, n * f->shape->size);
    for (size_t i = 0; i < n; i++)
        copy(s, f->shape, elements + i * f->shape->size, copies + i * f->shape->size);
    *AT(char *, to, f->at) = copies;
    *AT(size_t, to, f->count) = n;
}

static void copy(struct space *s, const struct shape *shape, const void *from, void *to)
{
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct field *f = &shape->fields[i];
        switch (f->kind) {
        case FIELD_TEXT:
            *AT(const char *, to, f->at) = copy_text(s, *IN(char *const, from, f->at));
            break;
        case FIELD_NUMBER:
            *AT(int64_t, to, f->at) = *IN(int64_t, from, f->at);
            break;
        case FIELD_FLAG:
            *AT(bool, to, f->at) = *IN(bool, from, f->at);
            break;
        case FIELD_CHOICE:
            *AT(int, to, f->at) = *IN(int, from, f->at);
            break;
        case FIELD_STRUCT:
            copy(s, f->shape, IN(char, from, f->at), AT(char, to, f->at));
            break;
        case FIELD_LIST:
            copy_list(s, f, from, to);
            break;
        case FIELD_BYTES:
            CHECK(false); /* no intent has any */
            break;
        }
    }
}

/* What copy() takes of a block. */
static size_t room_for(const struct shape *shape, const void *from)
{
    size_t room = 0;
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct field *f = &shape->fields[i];
        if (f->kind == FIELD_TEXT) {
            const char *text = *IN(char *const, from, f->at);
            room += text == NULL ? 0 : aligned(strlen(text) + 1);
        } else if (f->kind == FIELD_STRUCT) {
            room += room_for(f->shape, IN(char, from, f->at));
        } else if (f->kind == FIELD_LIST) {
            size_t n = *IN(size_t, from, f->count);
            const char *elements = *IN(char *const, from, f->at);
            room += aligned(n * f->shape->size);
            for (size_t k = 0; k < n; k++)
                room += room_for(f->shape, elements + k * f->shape->size);
        }
    }
    return room;
}

struct net_port *intent_port_copy(const struct net_port *from)
{
    struct space space = {.used = sizeof(*from)};
    struct net_port *made = calloc(1, sizeof(*from) + room_for(&shape_port, from));
    CHECK_MEMORY(made != NULL);
    space.block = (char *)made;
    copy(&space, &shape_port, from, made);
    return made;
}

static int compare_ports(const void *left, const void *right)
{
    const struct net_port *a = left;
    const struct net_port *b = right;
    return strcmp(a->interface_id, b->interface_id);
}

const struct net_vpc *intent_copy(struct arena *a, const struct net_vpc *intent)
{
    struct net_vpc *made = arena_new_of(a, struct net_vpc);
    copy(&(struct space){.arena = a}, &shape_vpc, intent, made);
    if (made->n_ports > 1)
        qsort((struct net_port *)made->ports, made->n_ports, sizeof(made->ports[0]), compare_ports);
    return made;
}

/* --- comparing */

static bool equal(const struct shape *shape, const void *a, const void *b, int parts);

static bool lists_equal(const struct field *f, const void *a, const void *b)
{
    size_t n = *IN(size_t, a, f->count);
    const char *left = *IN(char *const, a, f->at);
    const char *right = *IN(char *const, b, f->at);
    if (n != *IN(size_t, b, f->count))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!equal(f->shape, left + i * f->shape->size, right + i * f->shape->size, INTENT_ALL))
            return false;
    return true;
}

static bool fields_equal(const struct field *f, const void *a, const void *b)
{
    switch (f->kind) {
    case FIELD_TEXT:
        return streq(*IN(char *const, a, f->at), *IN(char *const, b, f->at));
    case FIELD_NUMBER:
        return *IN(int64_t, a, f->at) == *IN(int64_t, b, f->at);
    case FIELD_FLAG:
        return *IN(bool, a, f->at) == *IN(bool, b, f->at);
    case FIELD_CHOICE:
        return *IN(int, a, f->at) == *IN(int, b, f->at);
    case FIELD_STRUCT:
        return equal(f->shape, IN(char, a, f->at), IN(char, b, f->at), INTENT_ALL);
    case FIELD_LIST:
        return lists_equal(f, a, b);
    case FIELD_BYTES:
        CHECK(false); /* no intent has any */
        break;
    }
    return false;
}

static bool equal(const struct shape *shape, const void *a, const void *b, int parts)
{
    for (size_t i = 0; i < shape->n_fields; i++)
        if ((parts == INTENT_ALL || (shape->fields[i].parts & parts) != 0) &&
            !fields_equal(&shape->fields[i], a, b))
            return false;
    return true;
}

bool intent_equal(const struct net_vpc *a, const struct net_vpc *b, int parts)
{
    return equal(&shape_vpc, a, b, parts);
}

bool intent_port_equal(const struct net_port *a, const struct net_port *b)
{
    return equal(&shape_port, a, b, INTENT_ALL);
}

bool intent_ports_alike(const struct net_vpc *a, const struct net_vpc *b)
{
    return a->has_internet_gateway == b->has_internet_gateway && streq(a->domain, b->domain) &&
           intent_equal(a, b, INTENT_FRAME);
}

bool intent_frame_equal(const struct net_vpc *a, const struct net_vpc *b)
{
    struct net_vpc one = *a;
    struct net_vpc other = *b;
    one.n_ports = other.n_ports = 0;
    return intent_equal(&one, &other, INTENT_ALL);
}

/* --- finding */

#define DEFINE_FIND(function, type, list, id)                                                      \
    const struct type *function(const struct net_vpc *intent, const char *wanted)                  \
    {                                                                                              \
        for (size_t i = 0; i < intent->n_##list; i++)                                              \
            if (streq(intent->list[i].id, wanted))                                                 \
                return &intent->list[i];                                                           \
        return NULL;                                                                               \
    }

DEFINE_FIND(intent_subnet, net_subnet, subnets, subnet_id)
DEFINE_FIND(intent_port, net_port, ports, interface_id)
DEFINE_FIND(intent_group, net_group, groups, group_id)
DEFINE_FIND(intent_acl, net_acl, acls, acl_id)
DEFINE_FIND(intent_peering, net_peering, peerings, peering_id)
