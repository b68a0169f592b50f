#include "croft/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool is_raw;

void terminal_restore(void)
{
    if (is_raw)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    is_raw = false;
}

bool terminal_raw(void)
{
    static bool registered;
    struct termios raw;

    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &before) < 0)
        return false;
    if (!registered && atexit(terminal_restore) == 0)
        registered = true;
    raw = before;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
        return false;
    is_raw = true;
    return true;
}

void terminal_size(int *ret_columns, int *ret_rows)
{
    struct winsize size;

    *ret_columns = 80;
    *ret_rows = 24;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
            *ret_columns = size.ws_col;
            *ret_rows = size.ws_row;
            return;
        }
    }
}

int terminal_signals(void)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int terminal_signal(int fd)
{
    struct signalfd_siginfo info;

    return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

enum escape_order escape_filter(struct escape *e, const char *data, size_t len, size_t *ret_used,
                                char *out, size_t *ret_out)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        enum escape_order order = ESCAPE_NONE;

        if (e->kind == ESCAPE_BRACKET) {
            if (c == 0x1d)
                order = ESCAPE_QUIT;
            else
                out[n++] = c;
        } else if (e->after_tilde) {
            e->after_tilde = false;
            if (c == '.')
                order = ESCAPE_QUIT;
            else if (c == '?')
                order = ESCAPE_HELP;
            else {
                out[n++] = '~';
                if (c != '~')
                    out[n++] = c;
                e->in_line = c != '\r' && c != '\n';
            }
        } else if (c == '~' && !e->in_line) {
            e->after_tilde = true;
        } else {
            out[n++] = c;
            e->in_line = c != '\r' && c != '\n';
        }
        if (order != ESCAPE_NONE) {
            *ret_used = i + 1;
            *ret_out = n;
            return order;
        }
    }
    *ret_used = len;
    *ret_out = n;
    return ESCAPE_NONE;
}
