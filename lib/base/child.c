#include "base/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/crash_point.h"

#define STDERR_MAX 4096

extern char **environ;

struct pipes {
    int in[2], out[2], err[2];
};

static void pipes_close(struct pipes *p)
{
    int *all[] = {p->in, p->out, p->err};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        for (int j = 0; j < 2; j++)
            cleanup_close(&all[i][j]);
}

static void close_end(int *fd)
{
    cleanup_close(fd);
    *fd = -1;
}

static int spawn(const struct child *c, struct pipes *p, pid_t *ret_pid)
{
    if (pipe2(p->in, O_CLOEXEC) < 0 || pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->err, O_CLOEXEC) < 0)
        return -errno;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return -ENOMEM;
    }
    sigset_t none;
    sigset_t defaults;
    (void)sigemptyset(&none);
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    int r = posix_spawn_file_actions_adddup2(&actions, p->in[0], 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, p->out[1], 1);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, p->err[1], 2);
    if (r == 0)
        r = posix_spawnattr_setsigmask(&attributes, &none);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(&attributes, &defaults);
    if (r == 0)
        r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (r == 0)
        r = posix_spawnp(ret_pid, c->argv[0], &actions, &attributes, (char *const *)c->argv,
                         environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

/* Reads what is there; closes the end at EOF. Output past a buffer's cap is read and dropped. */
static void drain(int *fd, struct buf *to)
{
    char chunk[8192];
    ssize_t n = read(*fd, chunk, sizeof(chunk));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0)
        close_end(fd);
    else if (to != NULL)
        buf_add(to, chunk, (size_t)n);
}

static void feed(int *fd, const char *input, size_t len, size_t *sent)
{
    ssize_t n = write(*fd, input + *sent, len - *sent);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n < 0 || (*sent += (size_t)n) == len)
        close_end(fd);
}

/* As drain(), for who watches; what that says. */
static int show(int *fd, const struct child *c)
{
    char chunk[8192];
    ssize_t n = read(*fd, chunk, sizeof(chunk));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n > 0)
        return c->watch(c->ctx, chunk, (size_t)n);
    close_end(fd);
    return 0;
}

/* Moves bytes until both outputs are closed; -ETIMEDOUT when that takes too long, -ECANCELED when
 * who watches has seen enough. */
static int converse(const struct child *c, struct pipes *p, struct buf *complaint)
{
    int64_t deadline = clock_monotonic() + (c->timeout_ms > 0 ? c->timeout_ms : 60000);
    size_t sent = 0;
    if (c->input == NULL || c->input_len == 0)
        close_end(&p->in[1]);
    else
        (void)fcntl(p->in[1], F_SETFL, O_NONBLOCK);

    while (p->out[0] >= 0 || p->err[0] >= 0) {
        struct pollfd fds[] = {
            {.fd = p->out[0], .events = POLLIN},
            {.fd = p->err[0], .events = POLLIN},
            {.fd = p->in[1], .events = POLLOUT},
        };
        int64_t left = deadline - clock_monotonic();
        if (left <= 0)
            return -ETIMEDOUT;
        if (c->watch != NULL && left > CHILD_WATCH_MS)
            left = CHILD_WATCH_MS;
        int ready = poll(fds, ARRAY_SIZE(fds), (int)left);
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready == 0 && c->watch != NULL && c->watch(c->ctx, NULL, 0) != 0)
            return -ECANCELED;
        if (p->out[0] >= 0 && fds[0].revents != 0 && c->watch == NULL)
            drain(&p->out[0], c->output);
        else if (p->out[0] >= 0 && fds[0].revents != 0 && show(&p->out[0], c) != 0)
            return -ECANCELED;
        if (p->err[0] >= 0 && fds[1].revents != 0)
            drain(&p->err[0], complaint);
        if (p->in[1] >= 0 && fds[2].revents != 0)
            feed(&p->in[1], c->input, c->input_len, &sent);
    }
    return 0;
}

int child_run(const struct child *c, struct err *e)
{
    _cleanup_(pipes_close) struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}};
    _cleanup_buf_ struct buf complaint = BUF_INIT(STDERR_MAX);
    pid_t pid = -1;
    crash_point("before:child");
    int r = spawn(c, &p, &pid);
    if (r < 0)
        return err_errno(e, -r, "cannot run %s", c->argv[0]);
    crash_point("in:child"); /* which goes on alone */
    close_end(&p.in[0]);
    close_end(&p.out[1]);
    close_end(&p.err[1]);

    r = converse(c, &p, &complaint);
    if (r < 0)
        (void)kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_errno(e, errno, "cannot wait for %s", c->argv[0]);
    crash_point("after:child");
    if (r < 0)
        return err_errno(e, -r, "%s was stopped", c->argv[0]);

    const char *text = buf_str(&complaint);
    int line = (int)strcspn(text, "\n");
    if (WIFSIGNALED(status))
        return err_set(e, EIO, "%s died of signal %d", c->argv[0], WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return err_set(e, EIO, "%s failed with status %d: %.*s", c->argv[0], WEXITSTATUS(status),
                       line, text);
    return 0;
}
