#pragma once
/*
 * The description of every request and reply, as tables: made by gen_model.py from SERVICE.model
 * at build time, constant, and read by the generic walkers (query.h, json.h, xml.h, check.h). There
 * is no code per action in this room.
 *
 * A field says where a member lies in its C structure and what it is called at each door. All
 * functions here may be called from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fault.h"
#include "wire/types.h"

enum wire_kind {
    WIRE_STR,    /* const char * */
    WIRE_INT,    /* struct opt_int, 32 bits on the wire */
    WIRE_LONG,   /* struct opt_int */
    WIRE_DOUBLE, /* struct opt_double */
    WIRE_BOOL,   /* struct opt_bool */
    WIRE_TIME,   /* struct opt_time */
    WIRE_BLOB,   /* struct wire_blob */
    WIRE_STRUCT, /* struct X * */
};

/* What becomes of a member of a request. */
enum wire_status {
    WIRE_OUT,         /* a member of replies alone */
    WIRE_YES,         /* honoured */
    WIRE_IGNORE,      /* accepted, without effect here */
    WIRE_REFUSE,      /* UnsupportedOperation when given */
    WIRE_REFUSE_TRUE, /* the same, but `false` asks for nothing and passes */
};

enum wire_protocol {
    WIRE_EC2,   /* flat lists, no result wrapper, <requestId> first */
    WIRE_QUERY, /* X.member.N, XResult and ResponseMetadata */
    WIRE_JSON,  /* AWS JSON 1.1; through the door of queries it speaks as WIRE_QUERY does */
};

struct wire_struct;

struct wire_field {
    const char *member;             /* AWS's name: the JSON key */
    const char *in;                 /* name in a query; NULL when not of a request */
    const char *out;                /* XML element; NULL when not of a reply */
    const char *item;               /* XML element of a list's elements */
    const struct wire_struct *sub;  /* WIRE_STRUCT */
    const char *const *values;      /* an enumeration: the legal texts, NULL-terminated */
    const char *const *passes;      /* refused, but for these values; NULL-terminated */
    const char *id_prefix;          /* "i": the text is an id of this prefix */
    uint32_t offset;                /* in the C structure */
    int32_t min, max;               /* of a number; a text's characters; a list's elements */
    enum wire_kind kind : 8;        /* of a list: of its elements */
    enum wire_status status : 8;    /* of a member of requests */
    enum fault_code malformed : 16; /* for a value that is not well-formed, or too many elements */
    bool list : 1;                  /* {element *v; size_t n;} */
    bool required : 1;
    bool sensitive : 1;  /* never logged nor quoted */
    bool keep_empty : 1; /* X= in a query is an empty text, not an absent one */
    bool map : 1;        /* a list of keys and values, which JSON has as one object */
    bool has_min : 1, has_max : 1;
};

struct wire_struct {
    const char *name; /* AWS's name of the shape */
    size_t size;
    size_t n;
    const struct wire_field *fields;       /* in AWS's order */
    const struct wire_field *const *by_in; /* sorted by `in`, n_in of them */
    size_t n_in;
    const struct wire_field *const *by_member; /* sorted by `member`, n of them */
};

struct wire_action {
    const char *name;
    const struct wire_service *service;
    const struct wire_struct *input;  /* NULL: takes nothing */
    const struct wire_struct *output; /* NULL: answers <return>true</return> */
};

struct wire_service {
    const char *name; /* "ec2": as in a signature's scope */
    enum wire_protocol protocol;
    const char *target;          /* what is before the dot of X-Amz-Target */
    const char *region;          /* of a global service: the one that clients sign for; NULL: any */
    const char *xmlns;           /* the version and a slash follow */
    const char *const *versions; /* served, the current one first; NULL-terminated */
    const struct wire_action *actions; /* sorted by name */
    size_t n_actions;
    const char *const *operations; /* every operation AWS has, sorted */
    size_t n_operations;
    const struct wire_struct *const *structs; /* sorted by name */
    size_t n_structs;
};

/* Something of Croft's own beside the members of a reply or a fault, when a client asks for it. */
struct wire_beside {
    const char *member;  /* the JSON key */
    const char *element; /* of XML */
    const struct wire_struct *shape;
    const void *value;
};

/* All services, one by one: NULL past the last. */
const struct wire_service *wire_service_at(size_t i);
/* NULL when there is none of this name, or target. */
const struct wire_service *wire_service_find(const char *name);
const struct wire_service *wire_service_of_target(const char *target, size_t len);
/* The first that has an operation of this name, for requests that name none; NULL: none has. */
const struct wire_service *wire_service_of_action(const char *name);
const struct wire_action *wire_action_find(const struct wire_service *s, const char *name);
/* Does AWS have an operation of this name? */
bool wire_action_is_known(const struct wire_service *s, const char *name);
bool wire_service_serves(const struct wire_service *s, const char *version);
const struct wire_struct *wire_struct_find(const struct wire_service *s, const char *name);
/* By the name of the query parameter; only members of requests are found. */
const struct wire_field *wire_field_by_in(const struct wire_struct *s, const char *name,
                                          size_t len);
const struct wire_field *wire_field_by_member(const struct wire_struct *s, const char *name);
/* Bytes of one element of a list of this field, or of the member itself when it is no list. */
size_t wire_field_size(const struct wire_field *f);
/* Is the member given: not NULL, .set, or a list with elements? */
bool wire_field_is_set(const struct wire_field *f, const void *structure);
