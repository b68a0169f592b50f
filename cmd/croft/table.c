#include "croft/table.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "croft/output.h"

#define GAP        2
#define LEAST_WIDE 6

struct table_row *table_add(struct arena *a, struct table *t)
{
    return arena_append(a, &t->rows);
}

static const char *shown(struct arena *a, const struct cell *cell)
{
    return cell->text == NULL || *cell->text == '\0' ? "-" : text_harmless(a, cell->text);
}

static size_t total(const size_t *widths, size_t n)
{
    size_t sum = 0, used = 0;

    for (size_t i = 0; i < n; i++) {
        if (widths[i] > 0) {
            sum += widths[i];
            used++;
        }
    }
    return used == 0 ? 0 : sum + GAP * (used - 1);
}

static size_t least(const struct column *column)
{
    size_t head = text_columns(column->head);
    return head > LEAST_WIDE ? head : LEAST_WIDE;
}

/* Narrows columns until the table fits, or nothing is left to be done. A width of 0 leaves out. */
static void fit(const struct table *t, size_t *widths, size_t width)
{
    while (total(widths, t->n_columns) > width) {
        size_t widest = t->n_columns;

        for (size_t i = 0; i < t->n_columns; i++) {
            if (t->columns[i].shrinks && widths[i] > least(&t->columns[i]) &&
                (widest == t->n_columns || widths[i] > widths[widest]))
                widest = i;
        }
        if (widest < t->n_columns) {
            widths[widest]--;
            continue;
        }
        for (widest = t->n_columns; widest > 0; widest--) {
            if (t->columns[widest - 1].goes && widths[widest - 1] > 0)
                break;
        }
        if (widest == 0)
            return;
        widths[widest - 1] = 0;
    }
}

static const char *sequence(enum colour colour)
{
    static const char *const sequences[] = {
        [COLOUR_NONE] = "",          [COLOUR_BOLD] = "\033[1m",    [COLOUR_DIM] = "\033[2m",
        [COLOUR_GREEN] = "\033[32m", [COLOUR_YELLOW] = "\033[33m", [COLOUR_RED] = "\033[31m",
    };
    return sequences[colour];
}

static void put_cell(struct arena *a, const struct column *column, const char *text,
                     enum colour colour, size_t width, bool is_last, struct buf *out)
{
    const char *cut = text_cut(a, text, width);
    size_t space = width - text_columns(cut);

    if (column->to_right)
        buf_printf(out, "%*s", (int)space, "");
    buf_printf(out, "%s%s%s", sequence(colour), cut, colour == COLOUR_NONE ? "" : "\033[0m");
    if (!column->to_right && !is_last)
        buf_printf(out, "%*s", (int)space, "");
    if (!is_last)
        buf_printf(out, "%*s", GAP, "");
}

void table_build(struct arena *a, const struct table *t, size_t width, bool colours,
                 const char *indent, struct buf *out)
{
    size_t widths[TABLE_COLUMNS_MAX], last = 0, indented = text_columns(indent);

    CHECK(t->n_columns > 0 && t->n_columns <= TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < t->n_columns; i++) {
        widths[i] = text_columns(t->columns[i].head);
        for (size_t r = 0; r < t->rows.n; r++) {
            size_t n = text_columns(shown(a, &t->rows.v[r].cells[i]));
            if (n > widths[i])
                widths[i] = n;
        }
    }
    if (width != WIDTH_UNLIMITED)
        fit(t, widths, width > indented ? width - indented : 1);
    for (size_t i = 0; i < t->n_columns; i++) {
        if (widths[i] > 0)
            last = i;
    }
    for (size_t r = 0; r <= t->rows.n; r++) {
        buf_add_str(out, indent);
        for (size_t i = 0; i <= last; i++) {
            const struct cell *cell = r == 0 ? NULL : &t->rows.v[r - 1].cells[i];
            enum colour colour = cell == NULL ? COLOUR_BOLD : cell->colour;

            if (widths[i] > 0)
                put_cell(a, &t->columns[i], cell == NULL ? t->columns[i].head : shown(a, cell),
                         colours ? colour : COLOUR_NONE, widths[i], i == last, out);
        }
        buf_add_char(out, '\n');
    }
}

void table_print(struct arena *a, const struct table *t)
{
    _cleanup_buf_ struct buf out = BUF_INIT(OUTPUT_MAX);

    table_build(a, t, screen_width(), *screen_colour(stdout, COLOUR_BOLD) != '\0', "", &out);
    output_text(buf_str(&out), out.len);
}
