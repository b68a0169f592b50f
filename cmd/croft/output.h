#pragma once
/*
 * An answer on stdout: JSON as it came, tables for people, tab-separated text for old scripts.
 */
#include <jansson.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "croft/cli.h"
#include "croft/text_filter.h"
#include "wire/model.h"

#define OUTPUT_MAX ((size_t)256 << 20)

/* What the user asked for, else a table on a terminal and JSON elsewhere. */
enum output output_of(const struct cli *c);
/* Prints a value that has no model: what a human verb gathered. */
int output_json(const json_t *value);
int output_text(const char *text, size_t len);
/* What others wrote, a guest or who names things: a terminal gets no control sequence of it. */
int output_foreign(struct text_filter *f, const char *text, size_t len);
/*
 * Prints the reply of an action. Times become ISO 8601 by the model, as the AWS CLI shows them, and
 * the console's output is decoded.
 */
int output_reply(struct cli *c, const struct wire_action *action, json_t *reply);
/* Changes the times in place. */
void output_times(struct arena *a, const struct wire_struct *s, json_t *value);

/* Pure builders (output_text.c, output_table.c). `columns` may be WIDTH_UNLIMITED. */
void text_of_reply(struct arena *a, const json_t *reply, struct buf *out);
void table_of_reply(struct arena *a, const json_t *reply, size_t columns, struct buf *out);
