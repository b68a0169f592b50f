/* A clock that moves when it is looked at, and ids that follow from the seed: see meson.build. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "layers.h"

#define BEGIN_MS 1700000000000

static struct {
    int64_t now;
    uint64_t random;
} * same;

void same_again(uint64_t seed)
{
    same = mmap(NULL, sizeof(*same), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(same != MAP_FAILED);
    same->now = BEGIN_MS;
    same->random = seed;
}

void same_clock_reaches(int64_t when)
{
    if (same->now < when)
        same->now = when;
}

static uint64_t next(void)
{
    uint64_t z = same->random += 0x9e3779b97f4a7c15U; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* The names are the linker's: --wrap. */
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
int64_t __wrap_clock_now(void);
void __wrap_random_bytes(void *data, size_t len);
void __wrap_id_new(const char *prefix, char out[ID_SIZE]);
const char *__wrap_id_make(struct arena *a, const char *prefix);

int64_t __wrap_clock_now(void)
{
    return same->now++;
}

void __wrap_random_bytes(void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)data)[i] = (unsigned char)next();
}

void __wrap_id_new(const char *prefix, char out[ID_SIZE])
{
    unsigned long long digits = next();
    int n = snprintf(out, ID_SIZE, "%s-%017llx", prefix, digits);
    CHECK(n > 0 && n < ID_SIZE);
}

const char *__wrap_id_make(struct arena *a, const char *prefix)
{
    char id[ID_SIZE];
    __wrap_id_new(prefix, id);
    return arena_strdup(a, id);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
