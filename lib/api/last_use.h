#pragma once
/*
 * When access keys and roles were last used, without a commit for each call: uses are kept in
 * memory and go into the rows with the next change that the API commits anyway, or by themselves
 * after a quarter of an hour. What a crash loses is at most that. Thread-safe.
 */
#include "store/identity.h"

struct last_uses;

struct last_use {
    int64_t at; /* 0: never */
    const char *service;
    const char *region;
};

struct last_uses *last_uses_new(void);
void last_uses_free(struct last_uses *l);
/* A key (AKIA…) or a role (AROA…) was used. True: it is time for last_uses_write(). */
bool last_uses_note(struct last_uses *l, const char *id, const struct last_use *use);
/*
 * Writes what is noted into the rows. A transaction that then fails gives them back: `ret_taken` is
 * for last_uses_return(), and in the arena.
 */
struct last_uses_taken {
    struct last_uses_entry *v;
    size_t n;
};
void last_uses_write(struct last_uses *l, struct tx *tx, struct arena *a,
                     struct last_uses_taken *ret_taken);
void last_uses_return(struct last_uses *l, const struct last_uses_taken *taken);

/* The latest use that is noted or in the row; `l` may be NULL. */
struct last_use last_use_of_key(struct last_uses *l, struct arena *a, const struct access_key *key);
struct last_use last_use_of_role(struct last_uses *l, struct arena *a, const struct iam_role *role);
