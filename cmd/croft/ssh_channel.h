#pragma once
/* A command or a shell on an SSH connection that is there: bytes, window size, exit status. */
#include <libssh/libssh.h>
#include <stdbool.h>

/*
 * Runs `command` (NULL: the login shell) and copies stdin, stdout and stderr until it ends; with
 * `pty` on a terminal of its own. Returns the exit status of the command, 128 and its number for a
 * signal, or 255 after an error that was printed.
 */
int ssh_run(ssh_session session, const char *command, bool pty);
/* The number of a signal by its name in RFC 4254 ("TERM"); 0 for an unknown one. */
int signal_of_name(const char *name);
