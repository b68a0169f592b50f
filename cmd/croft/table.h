#pragma once
/*
 * Tables: a head and rows of texts, in columns that fit a width. A pure builder.
 *
 * What does not fit is cut in the columns that may shrink, the widest first, and marked with an
 * ellipsis; when that is not enough, the last columns that may go are left out.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "croft/screen.h"

#define TABLE_COLUMNS_MAX 32

struct column {
    const char *head;
    bool shrinks;  /* may be cut down to its head or 6 columns */
    bool goes;     /* may be left out */
    bool to_right; /* numbers */
};

struct cell {
    const char *text; /* NULL is shown as a dash */
    enum colour colour;
};

struct table_row {
    struct cell cells[TABLE_COLUMNS_MAX];
};

struct table {
    const struct column *columns;
    size_t n_columns;
    struct {
        struct table_row *v;
        size_t n;
    } rows;
};

/* A new row of dashes; fill in its cells. Texts are made harmless when they are shown. */
struct table_row *table_add(struct arena *a, struct table *t);
/* `colours` is whether escape sequences may be used; `indent` is put before every line. */
void table_build(struct arena *a, const struct table *t, size_t width, bool colours,
                 const char *indent, struct buf *out);
/* To stdout, in its width and colours. */
void table_print(struct arena *a, const struct table *t);
