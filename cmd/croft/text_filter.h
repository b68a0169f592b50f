#pragma once
/*
 * Passes what a guest prints to a terminal, across calls: without what would do more to it than
 * show text. Bytes that are no UTF-8 become '?'.
 */
#include <stdbool.h>
#include <stddef.h>

#define TEXT_FILTER_HELD 32 /* an escape sequence that is longer is left out */

struct text_filter {
    /*
     * Of a console that somebody types on. Colours, moves of the cursor and what else a program
     * draws its screen with pass; what sets a title or the clipboard, prints, changes fonts or the
     * window, or has the terminal answer does not. Otherwise no escape sequence passes.
     */
    bool session;
    int state;
    size_t n;
    char held[TEXT_FILTER_HELD]; /* of a character or a sequence whose end has not come */
};

/* Returns how much is in `out`, which has room for len + TEXT_FILTER_HELD. */
size_t text_filter(struct text_filter *f, const char *data, size_t len, char *out);
/* Puts the terminal back into a state to go on with, after a session. */
extern const char text_filter_reset[];
