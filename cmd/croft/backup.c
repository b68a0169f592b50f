/*
 * croft backup and croft restore: the state of the server that this runs on. They are croftd's
 * work, which knows where its state is and what is in it; here is only the way there.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "croft/options.h"
#include "croft/screen.h"
#include "croft/verbs.h"

#define ARGUMENTS_MAX 8

/* It is in sbin, which is not in everybody's PATH. */
static int run_croftd(const char *const *argv)
{
    struct err e = {0};
    char *const *args = (char *const *)(uintptr_t)argv;
    (void)execvp("croftd", args);
    if (errno == ENOENT)
        (void)execv("/usr/sbin/croftd", args);
    (void)err_errno(&e, errno, "cannot run croftd");
    complain("%s", e.message);
    return STATUS_UNREACHED;
}

static int run_verb(struct cli *c, const char *option, const char *topic, bool may_have_key,
                    int argc, char **argv)
{
    const char *config = NULL;
    const char *arguments[ARGUMENTS_MAX] = {"croftd"};
    bool with_key = false;
    struct words words;
    const struct option_row rows[] = {{.name = "--config", .value = &config},
                                      {.name = "--with-key", .on = &with_key}};
    size_t n = 1;
    int status = options_parse(c, topic, rows, may_have_key ? 2 : 1, 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n != 1)
        return usage_error(topic, "croft %s takes the name of one file", topic);
    arguments[n++] = option;
    arguments[n++] = words.v[0];
    if (config != NULL) {
        arguments[n++] = "--config";
        arguments[n++] = config;
    }
    if (with_key)
        arguments[n++] = "--with-key";
    return run_croftd(arguments);
}

static int run_backup(struct cli *c, int argc, char **argv)
{
    return run_verb(c, "--backup", "backup", true, argc, argv);
}

static int run_restore(struct cli *c, int argc, char **argv)
{
    return run_verb(c, "--restore", "restore", false, argc, argv);
}

const struct verb backup_verbs[] = {
    {"backup", run_backup, "FILE [--with-key] [--config FILE]",
     "Copy the state of this server into a file, without disks",
     "The database at one moment, while everything runs, and the configuration. The server's key, "
     "which the secrets in it are sealed with, is left out: keep it elsewhere, or say --with-key."},
    {"restore", run_restore, "FILE [--config FILE]", "Bring such a copy back; croftd must not run",
     "What is there is kept in the directory backups of the state. A backup of an older Croft is "
     "brought up to date at the next start, one of a newer is refused."},
    {NULL, NULL, NULL, NULL, NULL},
};
