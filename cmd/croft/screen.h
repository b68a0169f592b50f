#pragma once
/*
 * The terminal as a place to print on: its width, colours, a line of progress, and text of others
 * made harmless. The width of a file or pipe is unlimited.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

#define WIDTH_UNLIMITED SIZE_MAX

enum colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_DIM, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_RED };

bool screen_is_terminal(FILE *f);
/* Columns of the terminal behind stdout (COLUMNS wins); WIDTH_UNLIMITED when it is none. */
size_t screen_width(void);
/* Escape sequences; "" when `f` is no terminal or NO_COLOR is set (no-color.org). */
const char *screen_colour(FILE *f, enum colour colour);
const char *screen_plain(FILE *f);

/*
 * What is being waited for, on stderr: on a terminal one line that is written over, with the
 * seconds; elsewhere a line each time the text changes.
 */
void screen_progress(int64_t since_ms, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Takes the line away, before anything else is printed. */
void screen_progress_end(void);

/* Columns that the text takes: its characters, wide ones as two. */
size_t text_columns(const char *s);
/* A copy without control characters, which could drive the terminal; for names and messages. */
char *text_harmless(struct arena *a, const char *s);
/* The first `columns` columns of s, with an ellipsis as the last when something was cut off. */
char *text_cut(struct arena *a, const char *s, size_t columns);
