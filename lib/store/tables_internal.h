#pragma once
/*
 * How the tables are written down, in the files of their nouns (tables_*.c).
 *
 * One line a column. The primary key comes first. QUIET: a text that explanations leave out,
 * because it is a secret, a user's own data or a key. A unit test holds these lists against the
 * schema: the same columns, none missing.
 */
#include "base/cleanup.h"
#include "store/tables.h"

// clang-format off
#define TEXT(type, name)        {#name, COLUMN_TEXT, offsetof(struct type, name), NULL, false}
#define QUIET(type, name)       {#name, COLUMN_TEXT, offsetof(struct type, name), NULL, true}
#define INT(type, name)         {#name, COLUMN_INT, offsetof(struct type, name), NULL, false}
#define BOOL(type, name)        {#name, COLUMN_BOOL, offsetof(struct type, name), NULL, false}
#define STATE(type, name, list) {#name, COLUMN_STATE, offsetof(struct type, name), &(list), false}
// clang-format on
#define TABLE(type, keys)                                                                          \
    const struct table table_##type = {                                                            \
        #type, sizeof(struct type), type##_columns, ARRAY_SIZE(type##_columns), keys, false}
/* What the network of a VPC is made from. */
#define NETWORK_TABLE(type, keys)                                                                  \
    const struct table table_##type = {                                                            \
        #type, sizeof(struct type), type##_columns, ARRAY_SIZE(type##_columns), keys, true}
