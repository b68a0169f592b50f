/* Who may use the unix socket, and what is said while nobody can tell. */
#include "auth/peer.h"

#include <grp.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit.h"

#define ACCOUNT  "123456789012"
#define STRANGER 4000000000U

static struct arena *arena;
static struct peer_gate *gate;
static struct fault refusal;

static void set_up(void)
{
    /* The last group there is, so that its number is none that a mistake would make. */
    const struct group *group = NULL;
    for (const struct group *next = getgrent(); next != NULL; next = getgrent())
        group = next;
    ck_assert_ptr_nonnull(group);
    arena = arena_new();
    gate = peer_gate_new(group->gr_name, ACCOUNT);
    endgrent();
}

static void tear_down(void)
{
    peer_gate_free(gate);
    arena_free(arena);
}

static bool enters(uid_t uid, gid_t gid)
{
    const struct peer peer = {.uid = uid, .gid = gid};
    struct principal found = {0};
    refusal = (struct fault){0};
    return peer_gate_check(gate, &peer, arena, &found, &refusal) == 0;
}

/* How many descriptors there may be; how many there might be before. */
static rlim_t limit_descriptors(rlim_t most)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = most;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

START_TEST(root_enters_and_a_stranger_does_not)
{
    ck_assert(enters(0, 0));
    ck_assert(enters(geteuid(), STRANGER));
    ck_assert(!enters(STRANGER, STRANGER));
    ck_assert_int_eq(refusal.code, FAULT_AUTH_FAILURE);
}
END_TEST

START_TEST(without_descriptors_nobody_is_called_a_stranger)
{
    rlim_t before = limit_descriptors(0);
    bool entered = enters(STRANGER, STRANGER);
    (void)limit_descriptors(before);
    ck_assert(!entered);
    ck_assert_int_eq(refusal.code, FAULT_INTERNAL_ERROR);
}
END_TEST

START_TEST(what_could_not_be_found_out_is_not_remembered)
{
    ck_assert(!enters(STRANGER, STRANGER)); /* the group is known from now on */
    rlim_t before = limit_descriptors(0);
    (void)enters(STRANGER + 1, STRANGER);
    (void)limit_descriptors(before);
    ck_assert_int_eq(refusal.code, FAULT_INTERNAL_ERROR);
    ck_assert(!enters(STRANGER + 1, STRANGER));
    ck_assert_int_eq(refusal.code, FAULT_AUTH_FAILURE);
}
END_TEST

UNIT_SUITE_WITH(set_up, tear_down, root_enters_and_a_stranger_does_not,
                without_descriptors_nobody_is_called_a_stranger,
                what_could_not_be_found_out_is_not_remembered)
