#pragma once
/*
 * Room: the server's memory, less what its owner reserves, less what is promised to instances and
 * held by reservations. What is promised need not be in use yet, and what is in use need not be
 * ours, so both sides are looked at.
 *
 * Pure; jobs/market.h reads it from the store. Promises may be larger than the room while instances
 * wait: they were admitted on room that spot instances still hold. What is beyond the size is what
 * spot instances have to give up.
 */
#include <stdbool.h>
#include <stdint.h>

/* QEMU's own memory for a guest; under emulation also its cache of translated code (domain_xml.c).
 */
#define GUEST_OVERHEAD_MIB     128
#define EMULATION_OVERHEAD_MIB 256

/* In MiB, each guest with its overhead. */
struct room {
    int64_t size;     /* what guests can have together */
    int64_t promised; /* all of the following, and the rest */
    int64_t held;     /* reservations, for instances that are yet to come */
    int64_t waiting;  /* on-demand instances that wait for room */
    int64_t spot;     /* spot instances, also those that are ending */
    int64_t ending;   /* those */
    int64_t overhead; /* of each guest */
    int64_t guests;   /* how many these are, slots of reservations counted */
};

/* Free for anybody. May be negative. */
int64_t room_free(const struct room *r);
/* Not in use at this moment, whoever it is promised to. */
int64_t room_present(const struct room *r);
/* Free for an on-demand instance, if spot instances give theirs up. */
int64_t room_on_demand(const struct room *r);
/* What spot instances that are not ending yet have to give up, for those that wait. Not below 0. */
int64_t room_short(const struct room *r);
/* May an instance of this size that waits have its room now? */
bool room_takes(const struct room *r, int64_t mib);
