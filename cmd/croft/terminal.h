#pragma once
/*
 * The terminal as a place to type on: raw mode that is always undone, its size and changes of it,
 * and the escape that leads out of a session.
 */
#include <stdbool.h>
#include <stddef.h>

/* Raw mode of stdin; undone by terminal_restore(), exit() and the signals below. False: none. */
bool terminal_raw(void);
void terminal_restore(void);
/* 80 x 24 when it cannot be told. */
void terminal_size(int *ret_columns, int *ret_rows);
/*
 * A descriptor that becomes readable when the size changes or the process is asked to end (SIGHUP,
 * SIGTERM); the signals are blocked from then on. -errno.
 */
int terminal_signals(void);
/* The next signal from it, 0 when there is none. */
int terminal_signal(int fd);

enum escape_kind {
    ESCAPE_TILDE,   /* ~. at the beginning of a line; ~~ is a tilde, ~? the help: as ssh(1) */
    ESCAPE_BRACKET, /* ^] anywhere: as telnet(1) and virsh(1) */
};

struct escape {
    enum escape_kind kind;
    bool in_line; /* something stands in this line */
    bool after_tilde;
};

enum escape_order { ESCAPE_NONE, ESCAPE_QUIT, ESCAPE_HELP };

/* Copies what is to be sent to `out` (len + 1 bytes) and stops behind an order. */
enum escape_order escape_filter(struct escape *e, const char *data, size_t len, size_t *ret_used,
                                char *out, size_t *ret_out);
