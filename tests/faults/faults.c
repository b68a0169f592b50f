/*
 * A disk that fails and memory that runs out, for programs of the project: preloaded (LD_PRELOAD)
 * it makes calls on some files fail, or allocations of some threads.
 *
 *     CROFT_FAULTS_IN   what the name of such a file has in it, as "/state/"
 *     CROFT_FAULTS      a file of the test's with one `struct faults`, which it may change at any
 *                       time; all processes that inherit the environment share it
 *     CROFT_FAULTS_OF   what the name of a thread whose allocations fail begins with, as "MHD-"
 *
 * The calls of a kind are counted while `kinds` has it. The first `skip` of them go on, the next
 * `count` fail with `error`, the others go on again.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, SYNC = 2, GROW = 4, MAKE = 8, RENAME = 16, MEMORY = 32 };

struct faults {
    _Atomic uint32_t kinds;
    _Atomic int32_t error;
    _Atomic uint64_t skip, count, seen, failed;
    char by[64]; /* the file of the library that asked for the memory that it was not given */
};

static struct faults *faults;
static const char *in, *of;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CROFT_FAULTS");
    in = getenv("CROFT_FAULTS_IN");
    of = getenv("CROFT_FAULTS_OF");
    int fd = path == NULL || (in == NULL && of == NULL) ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *found = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (found != MAP_FAILED)
        faults = found;
}

static bool fails(void)
{
    uint64_t number = atomic_fetch_add(&faults->seen, 1), skip = faults->skip;
    if (number < skip || number - skip >= faults->count)
        return false;
    atomic_fetch_add(&faults->failed, 1);
    errno = faults->error;
    return true;
}

static bool path_fails(enum kind kind, const char *path)
{
    return faults != NULL && in != NULL && (faults->kinds & kind) != 0 &&
           strstr(path, in) != NULL && fails();
}

static bool file_fails(enum kind kind, int fd)
{
    if (faults == NULL || (faults->kinds & kind) == 0)
        return false;
    char link[64], path[PATH_MAX];
    int saved = errno;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    errno = saved;
    if (n < 0)
        return false;
    path[n] = '\0';
    return path_fails(kind, path);
}

#define REAL(name)                                                                                 \
    static __typeof__(&name) real;                                                                 \
    if (real == NULL)                                                                              \
    real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OVER_FILE(kind, type, name, parameters, arguments)                                         \
    type name parameters                                                                           \
    {                                                                                              \
        REAL(name);                                                                                \
        return file_fails(kind, fd) ? -1 : real arguments;                                         \
    }

OVER_FILE(WRITE, ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n))
OVER_FILE(WRITE, ssize_t, pwrite, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
OVER_FILE(WRITE, ssize_t, pwrite64, (int fd, const void *data, size_t n, off64_t at),
          (fd, data, n, at))
OVER_FILE(WRITE, ssize_t, writev, (int fd, const struct iovec *parts, int n), (fd, parts, n))
OVER_FILE(WRITE, ssize_t, pwritev, (int fd, const struct iovec *parts, int n, off_t at),
          (fd, parts, n, at))
OVER_FILE(WRITE, ssize_t, pwritev64, (int fd, const struct iovec *parts, int n, off64_t at),
          (fd, parts, n, at))
OVER_FILE(SYNC, int, fsync, (int fd), (fd))
OVER_FILE(SYNC, int, fdatasync, (int fd), (fd))
OVER_FILE(GROW, int, ftruncate, (int fd, off_t size), (fd, size))
OVER_FILE(GROW, int, ftruncate64, (int fd, off64_t size), (fd, size))
OVER_FILE(GROW, int, fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
OVER_FILE(GROW, int, fallocate64, (int fd, int mode, off64_t at, off64_t n), (fd, mode, at, n))

#define OVER_OPEN(name)                                                                            \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        REAL(name);                                                                                \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;           \
        va_end(more);                                                                              \
        if ((flags & O_CREAT) != 0 && access(path, F_OK) < 0 && path_fails(MAKE, path))            \
            return -1;                                                                             \
        return real(path, flags, mode);                                                            \
    }

OVER_OPEN(open)
OVER_OPEN(open64)

int rename(const char *from, const char *to)
{
    REAL(rename);
    return path_fails(RENAME, to) ? -1 : real(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    return path_fails(MAKE, path) ? -1 : real(path, mode);
}

/* Below a directory that is open, or by a whole path. */
static bool below_fails(enum kind kind, int at, const char *path)
{
    return at == AT_FDCWD || path[0] == '/' ? path_fails(kind, path) : file_fails(kind, at);
}

#define OVER_OPENAT(name)                                                                          \
    int name(int at, const char *path, int flags, ...)                                             \
    {                                                                                              \
        REAL(name);                                                                                \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;           \
        va_end(more);                                                                              \
        if ((flags & O_CREAT) != 0 && faccessat(at, path, F_OK, 0) < 0 &&                          \
            below_fails(MAKE, at, path))                                                           \
            return -1;                                                                             \
        return real(at, path, flags, mode);                                                        \
    }

OVER_OPENAT(openat)
OVER_OPENAT(openat64)

int mkdirat(int at, const char *path, mode_t mode)
{
    REAL(mkdirat);
    return below_fails(MAKE, at, path) ? -1 : real(at, path, mode);
}

int link(const char *from, const char *to)
{
    REAL(link);
    return path_fails(MAKE, to) ? -1 : real(from, to);
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    REAL(renameat2);
    return below_fails(RENAME, to_at, to) ? -1 : real(from_at, from, to_at, to, flags);
}

int posix_fallocate64(int fd, off64_t at, off64_t n)
{
    REAL(posix_fallocate64);
    return file_fails(GROW, fd) ? faults->error : real(fd, at, n);
}

OVER_FILE(WRITE, ssize_t, copy_file_range,
          (int from, off64_t *from_at, int fd, off64_t *at, size_t n, unsigned flags),
          (from, from_at, fd, at, n, flags))

/* Of FICLONE alone, which shares the blocks of another file. */
int ioctl(int fd, unsigned long request, ...)
{
    REAL(ioctl);
    va_list more;
    va_start(more, request);
    void *argument = va_arg(more, void *);
    va_end(more);
    return request == FICLONE && file_fails(GROW, fd) ? -1 : real(fd, request, argument);
}

/* --- memory; the others of the family, such as strdup() and reallocarray(), call one of these */

/* Asked anew each time: a thread is given its name after it has begun, and a variable of a thread
 * would be allocated. */
static bool memory_fails(void *caller)
{
    char name[16] = "";
    Dl_info from = {0};
    if (faults == NULL || of == NULL || (faults->kinds & MEMORY) == 0 ||
        prctl(PR_GET_NAME, name) != 0 || strncmp(name, of, strlen(of)) != 0 || !fails())
        return false;
    const char *path = dladdr(caller, &from) != 0 ? from.dli_fname : "";
    const char *slash = strrchr(path, '/');
    (void)snprintf(faults->by, sizeof(faults->by), "%s", slash == NULL ? path : slash + 1);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    REAL(malloc);
    return memory_fails(__builtin_return_address(0)) ? NULL : real(size);
}

void *calloc(size_t n, size_t size)
{
    REAL(calloc);
    return memory_fails(__builtin_return_address(0)) ? NULL : real(n, size);
}

void *realloc(void *old, size_t size)
{
    REAL(realloc);
    return memory_fails(__builtin_return_address(0)) ? NULL : real(old, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    REAL(posix_memalign);
    return memory_fails(__builtin_return_address(0)) ? ENOMEM : real(ret, alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    REAL(aligned_alloc);
    return memory_fails(__builtin_return_address(0)) ? NULL : real(alignment, size);
}
