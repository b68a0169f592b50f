#pragma once
/*
 * What the model of layers is made of: the files it does its operations on, in two kinds, and the
 * steps at which its workers die.
 */
#include <stdbool.h>
#include <stdint.h>

#include "storage/storage.h"

#define REGIONS     4  /* places of a disk that are written */
#define UNITS       16 /* of 4 KiB, the smallest that a layer allocates */
#define REGION_STEP (384 << 10)
#define UNIT        4096
#define WRITES_MAX  5

/* What a disk holds where it is written: each unit is full of one value. */
struct content {
    unsigned char unit[REGIONS][UNITS];
};

struct write {
    int region, from, units;
    int value; /* -1: zeroes, told as such */
};

/* The files, and what a guest's QEMU does to them. Paths are those of storage's layer_path. */
struct layer_files {
    const char *name;
    int operations; /* when it is not said how many: what takes some seconds */
    struct storage *(*begin)(const char *directory);
    void (*write)(const char *path, const struct write *writes, int n);
    void (*check)(const char *path, const struct content *is, int size_gib);
    bool (*is_encrypted)(const char *path);
    /* The file right above one in the chain of a disk, by what they say; NULL: none. */
    const char *(*above)(struct arena *a, const char *top, const char *path);
    int (*commit)(const char *path, struct err *e);
    int (*rebase)(const char *path, const char *on, struct err *e);
    int (*flatten)(const char *path, struct err *e);
    int (*resize)(const char *path, int64_t bytes, struct err *e);
};

extern const struct layer_files files_in_memory; /* plain arrays of bytes, of many layers */
extern const struct layer_files files_of_qemu;   /* by storage/files.h, qemu-img and qemu-io */

/* Here the workers may die. */
void step(void);
/* Of layers that no guest has: a merge, or a flattening. */
void count_copy(bool merges);
/* The model and what is there differ: says so, with what does it again, and ends. */
void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), __noreturn__));
/* What opens the file, by its row; NULL: it is not encrypted. */
const char *key_of_file(struct arena *a, const char *path);
/* Is this the file that a guest writes into? */
bool guest_writes(const char *path);

/* The clock and the ids of this program repeat with its seed; the state of both outlives a fork. */
void same_again(uint64_t seed);
void same_clock_reaches(int64_t when);
