#pragma once
/* Carries bytes between stdin/stdout and a tunnel, both ways at once. */
#include "base/err.h"
#include "croft/terminal.h"
#include "croft/text_filter.h"

/*
 * Until the far end has closed, stdout takes no more, or (with `escape`) the user asked to leave.
 * The end of stdin is passed on. What comes goes through `filter`, which may be NULL. `signals` is
 * of terminal_signals(), or -1. 0 or -errno.
 */
int relay_run(int remote, struct escape *escape, struct text_filter *filter, int signals,
              struct err *e);
