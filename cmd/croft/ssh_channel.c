#include "croft/ssh_channel.h"

#include <errno.h>
#include <libssh/callbacks.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "croft/cli.h"
#include "croft/terminal.h"

#define CHUNK         ((size_t)16 << 10)
#define CLOSE_POLL_MS 500
#define POLL_LIMIT_MS 10000 /* against an event that poll() does not show */

struct shell {
    ssh_session session;
    ssh_channel channel;
    struct escape escape;
    bool is_terminal; /* stdin is in raw mode and has escapes */
    bool input_ended;
    bool output_lost; /* nobody reads our stdout any more */
    int exit_signal;
    int signals;
};

int signal_of_name(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {{"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"FPE", SIGFPE},   {"HUP", SIGHUP},
                 {"ILL", SIGILL},   {"INT", SIGINT},   {"KILL", SIGKILL}, {"PIPE", SIGPIPE},
                 {"QUIT", SIGQUIT}, {"SEGV", SIGSEGV}, {"TERM", SIGTERM}, {"USR1", SIGUSR1},
                 {"USR2", SIGUSR2}, {"BUS", SIGBUS},   {"TRAP", SIGTRAP}, {"SYS", SIGSYS}};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (streq(names[i].name, name))
            return names[i].number;
    }
    return 0;
}

static void on_exit_signal(ssh_session session, ssh_channel channel, const char *name, int core,
                           const char *message, const char *language, void *ctx)
{
    struct shell *shell = ctx;

    shell->exit_signal = signal_of_name(name);
    if (shell->exit_signal == 0)
        shell->exit_signal = SIGKILL;
}

/* One stream of the guest, as far as it is there. SSH_ERROR when the connection is gone. */
static int drain(struct shell *s, bool is_stderr)
{
    char data[CHUNK];
    int n;

    while ((n = ssh_channel_read_nonblocking(s->channel, data, sizeof(data), is_stderr)) > 0) {
        if (write_all(is_stderr ? STDERR_FILENO : STDOUT_FILENO, data, (size_t)n) < 0 &&
            !is_stderr) {
            s->output_lost = true;
            return SSH_OK;
        }
    }
    return n == SSH_ERROR ? SSH_ERROR : SSH_OK;
}

static int send_bytes(struct shell *s, const char *data, size_t len)
{
    while (len > 0) {
        int n = ssh_channel_write(s->channel, data, (uint32_t)len);
        if (n <= 0)
            return SSH_ERROR;
        data += n;
        len -= (size_t)n;
    }
    return SSH_OK;
}

static void print_help(void)
{
    static const char text[] = "\r\n  ~.  end the session\r\n  ~~  send a tilde\r\n"
                               "  ~?  this help\r\n(at the beginning of a line)\r\n";
    (void)write_all(STDERR_FILENO, text, sizeof(text) - 1);
}

/* What was typed or piped in. SSH_AGAIN: the user wants to leave. */
static int pass_input(struct shell *s, uint32_t window)
{
    char data[CHUNK], kept[CHUNK + 1];
    size_t limit = window < CHUNK ? window : CHUNK, done = 0;
    ssize_t n = read(STDIN_FILENO, data, limit);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? SSH_OK : SSH_ERROR;
    if (n == 0) {
        s->input_ended = true;
        return ssh_channel_send_eof(s->channel);
    }
    if (!s->is_terminal)
        return send_bytes(s, data, (size_t)n);
    while (done < (size_t)n) {
        size_t used, made;
        enum escape_order order =
            escape_filter(&s->escape, data + done, (size_t)n - done, &used, kept, &made);

        done += used;
        if (send_bytes(s, kept, made) != SSH_OK)
            return SSH_ERROR;
        if (order == ESCAPE_QUIT)
            return SSH_AGAIN;
        if (order == ESCAPE_HELP)
            print_help();
    }
    return SSH_OK;
}

static int pass_signal(struct shell *s)
{
    int columns, rows, sig;

    while (s->signals >= 0 && (sig = terminal_signal(s->signals)) != 0) {
        if (sig != SIGWINCH)
            return SSH_AGAIN;
        terminal_size(&columns, &rows);
        if (s->is_terminal)
            (void)ssh_channel_change_pty_size(s->channel, columns, rows);
    }
    return SSH_OK;
}

/*
 * After the end of its output the channel is still open until the command has ended. libssh reads
 * nothing more for a channel in that state, so it is asked to handle the session's packets.
 */
static void await_close(struct shell *s)
{
    ssh_event event = ssh_event_new();

    if (event == NULL)
        return;
    if (ssh_event_add_session(event, s->session) == SSH_OK) {
        while (!ssh_channel_is_closed(s->channel) && ssh_is_connected(s->session) &&
               pass_signal(s) == SSH_OK && ssh_event_dopoll(event, CLOSE_POLL_MS) != SSH_ERROR)
            ;
        (void)ssh_event_remove_session(event, s->session);
    }
    ssh_event_free(event);
}

/* Until the far end has closed (SSH_OK), the user leaves (SSH_AGAIN), or the connection is lost. */
static int copy(struct shell *s)
{
    for (;;) {
        int fd = ssh_get_fd(s->session), r = SSH_OK;
        bool lost = drain(s, false) == SSH_ERROR || drain(s, true) == SSH_ERROR;
        uint32_t window;

        if (s->output_lost)
            return SSH_AGAIN;
        /* What came before the end was read above, so nothing of it is missing. */
        if (ssh_channel_is_closed(s->channel) && ssh_is_connected(s->session))
            return SSH_OK;
        if (lost || !ssh_is_connected(s->session))
            return ssh_channel_is_eof(s->channel) ? SSH_OK : SSH_ERROR;
        if (ssh_channel_is_eof(s->channel)) {
            await_close(s);
            return SSH_OK;
        }
        window = ssh_channel_window_size(s->channel);

        struct pollfd p[3] = {
            {.fd = fd,
             .events =
                 (short)(POLLIN |
                         ((ssh_get_status(s->session) & SSH_WRITE_PENDING) != 0 ? POLLOUT : 0))},
            {.fd = s->input_ended || window == 0 ? -1 : STDIN_FILENO, .events = POLLIN},
            {.fd = s->signals, .events = POLLIN},
        };
        if (poll(p, 3, POLL_LIMIT_MS) < 0 && errno != EINTR)
            return SSH_ERROR;
        if (p[1].revents != 0)
            r = pass_input(s, window);
        if (r == SSH_OK && p[2].revents != 0)
            r = pass_signal(s);
        if (r != SSH_OK && !ssh_channel_is_eof(s->channel))
            return r;
    }
}

static int request(struct shell *s, const char *command, bool pty)
{
    const char *term = getenv("TERM"), *lang = getenv("LANG");
    int columns, rows;

    if (ssh_channel_open_session(s->channel) != SSH_OK)
        return SSH_ERROR;
    if (pty) {
        terminal_size(&columns, &rows);
        if (ssh_channel_request_pty_size(s->channel, str_empty(term) ? "vt100" : term, columns,
                                         rows) != SSH_OK)
            return SSH_ERROR;
    }
    /* Servers take or leave it. */
    if (!str_empty(lang))
        (void)ssh_channel_request_env(s->channel, "LANG", lang);
    return command == NULL ? ssh_channel_request_shell(s->channel)
                           : ssh_channel_request_exec(s->channel, command);
}

static int run(struct shell *s, const char *command, bool pty)
{
    int r, status;

    if (request(s, command, pty) != SSH_OK) {
        complain("the guest does not run it: %s", ssh_get_error(s->session));
        return STATUS_UNREACHED;
    }
    s->signals = terminal_signals();
    s->is_terminal = pty && terminal_raw();
    r = copy(s);
    terminal_restore();
    if (s->signals >= 0)
        (void)close(s->signals);
    if (s->output_lost) /* as if we had died of SIGPIPE: whoever reads has had enough */
        return 128 + SIGPIPE;
    if (r == SSH_AGAIN) {
        fputs("\n", stderr);
        note("Session ended");
        return STATUS_UNREACHED;
    }
    if (s->exit_signal != 0)
        return 128 + s->exit_signal;
    status = r == SSH_OK ? ssh_channel_get_exit_status(s->channel) : -1;
    if (status >= 0)
        return status & 0xff;
    complain("the connection was lost");
    return STATUS_UNREACHED;
}

int ssh_run(ssh_session session, const char *command, bool pty)
{
    struct shell shell = {.session = session, .signals = -1, .escape = {.kind = ESCAPE_TILDE}};
    struct ssh_channel_callbacks_struct callbacks = {
        .userdata = &shell, .channel_exit_signal_function = on_exit_signal};
    int status;

    shell.channel = ssh_channel_new(session);
    if (shell.channel == NULL) {
        complain("cannot open a channel: %s", ssh_get_error(session));
        return STATUS_UNREACHED;
    }
    ssh_callbacks_init(&callbacks);
    (void)ssh_set_channel_callbacks(shell.channel, &callbacks);
    status = run(&shell, command, pty);
    (void)ssh_remove_channel_callbacks(shell.channel, &callbacks);
    ssh_channel_free(shell.channel);
    return status;
}
