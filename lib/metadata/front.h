#pragma once
/*
 * croft-metadata's end: it speaks HTTP with guests, whose connections croftd hands over, and asks
 * croftd what to answer (calls.h). It knows neither VPCs nor instances, and keeps nothing. Limits
 * of connections and of time are here.
 */
#include <sys/types.h>

#include "base/err.h"

struct front_config {
    int listener; /* on METADATA_SOCKET; stays the caller's */
    uid_t user;   /* who may connect, beside root */
    /* croftd has come, or gone; on the thread that serves. May be NULL. */
    void (*report)(void *ctx, const char *message);
    void *ctx;
};

/* Serves until `stop` is readable. Guests' connections end with that of croftd. */
int front_serve(const struct front_config *config, int stop, struct err *e);
