#pragma once
/*
 * What the structs of network.h are made of: a table of fields for each. By it intents are copied
 * and compared (intent.c), and written to croft-netd and read there (pack.h), which checks each
 * field by what its row says it may be. A field that has no row is no part of what is applied.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network/word.h"

enum field_kind {
    FIELD_TEXT,   /* const char * */
    FIELD_NUMBER, /* int64_t */
    FIELD_FLAG,   /* bool */
    FIELD_CHOICE, /* an enum, or an int */
    FIELD_STRUCT, /* of the shape, in place */
    FIELD_LIST,   /* of structs of the shape; the count is at `count` */
    FIELD_BYTES,  /* const char *, whatever they are; their number is at `count` */
};

struct shape;

struct field {
    enum field_kind kind;
    const char *name;
    size_t at;
    size_t count;
    const struct shape *shape;
    int parts; /* of a VPC: which parts follow from it (intent.h) */
    /* What it may be. */
    enum word_kind word;
    bool may_be_null;
    /* Of a number or a choice; the most elements of a list, or bytes; of a text: 0 is WORD_MAX. */
    int64_t least, most;
};

struct shape {
    const char *name;
    size_t size;
    const struct field *fields;
    size_t n_fields;
};

#define SHAPE_TEXT(type, member, kind_)                                                            \
    {                                                                                              \
        .kind = FIELD_TEXT, .name = #member, .at = offsetof(struct type, member), .word = (kind_)  \
    }
/* One that may be NULL. */
#define SHAPE_MAYBE(type, member, kind_)                                                           \
    {                                                                                              \
        .kind = FIELD_TEXT, .name = #member, .at = offsetof(struct type, member), .word = (kind_), \
        .may_be_null = true                                                                        \
    }
/* One that may be longer, or has to be shorter, than others. */
#define SHAPE_LONG(type, member, kind_, most_)                                                     \
    {                                                                                              \
        .kind = FIELD_TEXT, .name = #member, .at = offsetof(struct type, member), .word = (kind_), \
        .most = (most_)                                                                            \
    }
/* Bytes `member` whose number is n_member. */
#define SHAPE_BYTES(type, member, most_)                                                           \
    {                                                                                              \
        .kind = FIELD_BYTES, .name = #member, .at = offsetof(struct type, member),                 \
        .count = offsetof(struct type, n_##member), .most = (most_)                                \
    }
#define SHAPE_NUMBER(type, member, least_, most_)                                                  \
    {                                                                                              \
        .kind = FIELD_NUMBER, .name = #member, .at = offsetof(struct type, member),                \
        .least = (least_), .most = (most_)                                                         \
    }
#define SHAPE_FLAG(type, member)                                                                   \
    {                                                                                              \
        .kind = FIELD_FLAG, .name = #member, .at = offsetof(struct type, member)                   \
    }
#define SHAPE_CHOICE(type, member, least_, most_)                                                  \
    {                                                                                              \
        .kind = FIELD_CHOICE, .name = #member, .at = offsetof(struct type, member),                \
        .least = (least_), .most = (most_)                                                         \
    }
#define SHAPE_STRUCT(type, member, of)                                                             \
    {                                                                                              \
        .kind = FIELD_STRUCT, .name = #member, .at = offsetof(struct type, member), .shape = &(of) \
    }
/* A list `member` whose length is n_member. */
#define SHAPE_LIST(type, member, of, most_)                                                        \
    {                                                                                              \
        .kind = FIELD_LIST, .name = #member, .at = offsetof(struct type, member),                  \
        .count = offsetof(struct type, n_##member), .shape = &(of), .most = (most_)                \
    }
/* A list whose length has another name. */
#define SHAPE_COUNTED(type, member, length, of, most_)                                             \
    {                                                                                              \
        .kind = FIELD_LIST, .name = #member, .at = offsetof(struct type, member),                  \
        .count = offsetof(struct type, length), .shape = &(of), .most = (most_)                    \
    }
#define SHAPE_OF(variable, type)                                                                   \
    const struct shape variable = {#variable, sizeof(type), variable##_fields,                     \
                                   ARRAY_SIZE(variable##_fields)}

/* A text of this kind alone, for lists. */
#define SHAPE_WORD(variable, kind_)                                                                \
    static const struct field variable##_fields[] = {                                              \
        {.kind = FIELD_TEXT, .name = "word", .word = (kind_)}};                                    \
    static SHAPE_OF(variable, const char *)

#define SHAPE_PORTS_MAX 65536 /* interfaces of a VPC */

extern const struct shape shape_vpc;   /* struct net_vpc */
extern const struct shape shape_port;  /* struct net_port */
extern const struct shape shape_part;  /* struct net_part */
extern const struct shape shape_probe; /* struct net_probe */
