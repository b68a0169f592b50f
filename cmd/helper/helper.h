#pragma once
/*
 * A daemon beside croftd that does one thing for it: its options, its socket, its confinement, and
 * its end by SIGTERM. croft-netd and croft-metadata are such.
 */
#include <sys/types.h>

#include "base/confine.h"
#include "base/err.h"

/* An option with a value: what stands there is the built-in one, until another is given. */
struct helper_option {
    const char *name;
    const char **value;
    const char *text; /* of --help */
};

/* What it has when it begins to serve. */
struct helper_run {
    const char *runtime_dir;
    uid_t user;   /* who may ask, beside root */
    int listener; /* borrowed, as stop is */
    int stop;     /* to be read: it is to end */
};

struct helper {
    const char *name;    /* of the program */
    const char *word;    /* of its lines in the log */
    const char *purpose; /* a sentence of --help */
    const char *socket;  /* its name in the runtime directory, unless systemd hands one in */
    const struct helper_option *options; /* beside --runtime-dir, --user and --log-level */
    size_t n_options;
    const struct confinement *confinement;
    /* Until it is told to stop: 0, or -errno. */
    int (*serve)(const struct helper_run *run, struct err *e);
};

/* For main(), before the first thread: the status of the process. */
int helper_main(const struct helper *h, int argc, char **argv);
