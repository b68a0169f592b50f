#include "base/crash_point.h"

#ifdef CROFT_CRASH_POINTS
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"

#define TEXT_MAX 512

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local const char *thread_work;

void crash_work(const char *work)
{
    thread_work = work;
}

/* The test has set it once and for all when the process began. The file is small and in memory. */
static void read_order(const char *directory, char text[static TEXT_MAX])
{
    char path[TEXT_MAX];
    (void)snprintf(path, sizeof(path), "%s/at", directory);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, TEXT_MAX - 1);
    text[n < 0 ? 0 : n] = '\0';
}

static void note(const char *directory, const char *passed)
{
    char path[TEXT_MAX];
    (void)snprintf(path, sizeof(path), "%s/passed", directory);
    _cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && dprintf(fd, "%s\n", passed) > 0);
}

/* Whether this passing is the one that the test has ordered; the lock is held. */
static bool is_ordered(const char *directory, const char *passed)
{
    static char known[TEXT_MAX];
    static long left;
    char text[TEXT_MAX];
    read_order(directory, text);
    if (strcmp(text, known) != 0) {
        memcpy(known, text, sizeof(known));
        const char *space = strrchr(text, ' ');
        left = space == NULL ? 0 : strtol(space + 1, NULL, 10);
    }
    size_t n = strlen(passed);
    return strncmp(known, passed, n) == 0 && known[n] == ' ' && left > 0 && --left == 0;
}

void crash_point(const char *name)
{
    const char *directory = getenv("CROFT_CRASH");
    if (directory == NULL)
        return;
    char passed[TEXT_MAX];
    (void)snprintf(passed, sizeof(passed), "%s/%s", name, thread_work == NULL ? "" : thread_work);
    (void)pthread_mutex_lock(&lock);
    note(directory, passed);
    if (is_ordered(directory, passed))
        (void)kill(getpid(), SIGKILL);
    (void)pthread_mutex_unlock(&lock);
}
#endif
