#pragma once
/*
 * Room on the disk that volumes lie on. Volumes are thin, so more may be promised than there is;
 * when the disk is nearly full the guests are paused, before a write of theirs fails. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

/* In percent of the disk: beyond it guests are paused, and this much below it they go on. */
#define DISK_FULL_MIN   50
#define DISK_FULL_MAX   100
#define DISK_FULL_SLACK 1

struct disk_room {
    int64_t size; /* in bytes: what is used and what is free, without what root alone may use */
    int64_t free;
};

/* 0 percent: never. */
bool disk_is_full(const struct disk_room *r, int64_t full_percent);
/* There is room again for guests that were paused. */
bool disk_has_room(const struct disk_room *r, int64_t full_percent);
