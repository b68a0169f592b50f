#pragma once
/* Rows that exist only in the store: no other room has a notion of them. */
#include <stdbool.h>
#include <stdint.h>

struct host {
    const char *id; /* h-… */
    const char *uri;
    int64_t created_at;
};

struct access_key {
    const char *id; /* AKIA… */
    const char *account_id;
    const char *user_id; /* AIDA…; the account's own keys, those of root, have its id */
    const char *secret;  /* sealed: auth/access_key.h */
    bool active;
    int64_t created_at;
    int64_t last_used_at; /* 0: not yet */
    const char *last_used_service;
    const char *last_used_region;
};

/* What an account has chosen for all it has in a region. */
struct account_setting {
    const char *account_id;
    const char *region;
    const char *name; /* "serial-console" */
    const char *value;
};

struct client_token {
    const char *account_id;
    const char *region;
    const char *action;
    const char *token;
    const char *digest; /* of the request without its token */
    const char *result; /* the ids that it brought about, as the action wrote them */
    int64_t created_at;
};

struct job {
    const char *object_id;
    const char *kind;   /* instance, image, vpc, nat-gateway, network-insights, … */
    int64_t generation; /* grows with each enqueue: a worker sees that there is more to do */
    int64_t not_before;
    int64_t attempts;
    const char *last_error; /* NULL: none */
};
