#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/bootstrap.h"
#include "store/backup.h"

#define FORMAT        1
#define TAR_LIMIT_MS  (30 * 60 * 1000)
#define PART_MAX      ((size_t)1 << 20) /* of all but the database */
#define DATABASE      "croft.db"
#define CONFIGURATION "croft.conf"
#define SERVER_KEY    "server.key"
#define MANIFEST      "manifest.json"

/* As tar names them. */
#define DATABASE_PART      "./croft.db"
#define CONFIGURATION_PART "./croft.conf"
#define SERVER_KEY_PART    "./server.key"
#define MANIFEST_PART      "./manifest.json"

const char *keep_strays_path(struct arena *a, const char *state_dir)
{
    return arena_printf(a, "%s/keep-strays", state_dir);
}

static const char *in(struct arena *a, const char *directory, const char *name)
{
    return arena_printf(a, "%s/%s", directory, name);
}

int state_lock(struct arena *a, const char *state_dir, int *ret_fd, struct err *e)
{
    const char *path = in(a, state_dir, "lock");
    _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", path);
    struct stat st;
    if (stat(state_dir, &st) == 0) /* root may bring a backup back for the user that croftd is */
        (void)!fchown(fd, st.st_uid, st.st_gid);
    /* Of the process, not of the descriptor: a child that is just being made has that for a moment
     * longer than a croftd that was killed. */
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &all) < 0)
        return errno == EACCES || errno == EAGAIN
                   ? err_set(e, EBUSY, "another croftd uses %s: stop it first", state_dir)
                   : err_errno(e, errno, "cannot lock %s", path);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* A file, if it is there. */
static int copy_file(const char *from, const char *to, struct err *e)
{
    _cleanup_buf_ struct buf text = BUF_INIT(PART_MAX);
    int r = file_read(from, &text, e);
    if (r == 0)
        r = file_write(to, buf_str(&text), text.len, 0600, e);
    if (text.data != NULL)
        explicit_bzero(text.data, text.len);
    return r;
}

/* A directory for the parts, empty. */
static int stage_begin(struct arena *a, const struct config *c, const char **ret_stage,
                       struct err *e)
{
    struct stat st;
    if (stat(c->state_dir, &st) < 0)
        return err_errno(e, errno, "there is no state in %s", c->state_dir);
    *ret_stage = arena_printf(a, "%s/backup.%d.tmp", c->state_dir, (int)getpid());
    int r = dir_remove(*ret_stage, e);
    return r < 0 ? r : dir_make(*ret_stage, 0700, e);
}

/* --- making one */

static int write_manifest(struct arena *a, const char *stage, bool with_key, struct err *e)
{
    int schema = 0;
    char when[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(clock_now(), when);
    int r = store_file_check(in(a, stage, DATABASE), &schema, e);
    if (r < 0)
        return r;
    json_t *m = json_pack("{s:i, s:s, s:i, s:s, s:b}", "format", FORMAT, "version", CROFT_VERSION,
                          "schema", schema, "created_at", when, "has_key", with_key);
    char *text = json_dumps(m, JSON_INDENT(2));
    r = text == NULL ? err_set(e, ENOMEM, "out of memory")
                     : file_write(in(a, stage, MANIFEST), text, strlen(text), 0600, e);
    free(text);
    json_decref(m);
    return r;
}

/* Whose state it is may read what is made in it, whoever makes it. */
static void give_to_owner(const struct config *c, const char *path)
{
    struct stat st;
    if (stat(c->state_dir, &st) == 0)
        (void)!lchown(path, st.st_uid, st.st_gid);
}

static int collect(struct arena *a, const struct config *c, const char *stage, struct err *e)
{
    const char *config = c->config_file == NULL ? DEFAULT_CONFIG_FILE : c->config_file;
    int r = store_copy(in(a, c->state_dir, DATABASE), in(a, stage, DATABASE), e);
    if (r == 0 && file_exists(config))
        r = copy_file(config, in(a, stage, CONFIGURATION), e);
    if (r == 0 && c->with_key)
        r = copy_file(in(a, c->state_dir, SERVER_KEY), in(a, stage, SERVER_KEY), e);
    return r < 0 ? r : write_manifest(a, stage, c->with_key, e);
}

static int pack(struct arena *a, const char *stage, const char *file, struct err *e)
{
    const char *fresh = arena_printf(a, "%s.new", file);
    const char *const argv[] = {"tar",     "--create", "--file",  fresh, "--directory",     stage,
                                "--owner", "0",        "--group", "0",   "--numeric-owner", ".",
                                NULL};
    int r = file_write(fresh, "", 0, 0600, e); /* its mode, before anything is in it */
    if (r == 0)
        r = child_run(&(struct child){.argv = argv, .timeout_ms = TAR_LIMIT_MS}, e);
    if (r == 0)
        r = file_commit(fresh, file, e);
    if (r < 0)
        (void)file_remove(fresh, NULL);
    return r;
}

/* Paths for programs that change their directory: from the root on. */
static int absolute(struct arena *a, const char *file, const char **ret, struct err *e)
{
    char *here = *file == '/' ? NULL : getcwd(NULL, 0);
    if (*file != '/' && here == NULL)
        return err_errno(e, errno, "cannot tell where %s is", file);
    *ret = here == NULL ? file : arena_printf(a, "%s/%s", here, file);
    free(here);
    return 0;
}

int backup_make(struct arena *a, const struct config *c, const char *file, struct err *e)
{
    const char *stage = NULL;
    int r = absolute(a, file, &file, e);
    if (r == 0 && !file_exists(in(a, c->state_dir, DATABASE)))
        r = err_set(e, ENOENT, "there is no database in %s", c->state_dir);
    if (r == 0)
        r = stage_begin(a, c, &stage, e);
    if (r < 0)
        return r;
    r = collect(a, c, stage, e);
    if (r == 0)
        r = pack(a, stage, file, e);
    (void)dir_remove(stage, NULL);
    if (r < 0)
        return r;
    (void)printf("The state is in %s.\n", file);
    if (!c->with_key)
        (void)printf("%s/" SERVER_KEY " is not in it: keep a copy of that elsewhere (or use "
                     "--with-key). Without it the secrets in the backup open for nobody.\n",
                     c->state_dir);
    (void)printf("Disks are not in it: see docs/operations.md.\n");
    return 0;
}

/* --- bringing one back */

static bool is_file(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Only what a backup has, and only plain files of it. */
static int unpack(struct arena *a, const char *stage, const char *file, struct err *e)
{
    const char *const argv[] = {"tar",
                                "--extract",
                                "--file",
                                file,
                                "--directory",
                                stage,
                                "--no-same-owner",
                                "--no-same-permissions",
                                MANIFEST_PART,
                                DATABASE_PART,
                                NULL};
    int r = child_run(&(struct child){.argv = argv, .timeout_ms = TAR_LIMIT_MS}, e);
    if (r < 0 || !is_file(in(a, stage, MANIFEST)) || !is_file(in(a, stage, DATABASE)))
        return err_set(e, EINVAL, "%s is no backup of Croft's", file);
    static const char *const others[] = {CONFIGURATION_PART, SERVER_KEY_PART};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) { /* they need not be there */
        const char *const one[] = {"tar", "--extract",       "--file",  file, "--directory",
                                   stage, "--no-same-owner", others[i], NULL};
        (void)child_run(&(struct child){.argv = one, .timeout_ms = TAR_LIMIT_MS}, NULL);
    }
    return 0;
}

static int check_manifest(struct arena *a, const char *stage, struct err *e)
{
    json_int_t format = 0;
    json_int_t schema = 0;
    int found = 0;
    json_t *m = json_load_file(in(a, stage, MANIFEST), 0, NULL);
    int bad = m == NULL ? -1 : json_unpack(m, "{s:I, s:I}", "format", &format, "schema", &schema);
    json_decref(m);
    if (bad < 0 || format != FORMAT)
        return err_set(e, EINVAL, "the backup is of a form that this Croft does not know");
    int r = store_file_check(in(a, stage, DATABASE), &found, e);
    if (r == 0 && found != schema)
        r = err_set(e, EINVAL, "the backup says schema %lld and has %d", (long long)schema, found);
    if (r == 0 && found > store_schema_newest())
        r = err_set(e, EINVAL,
                    "the backup was made by a newer Croft (schema %d; this one knows %d)", found,
                    store_schema_newest());
    return r;
}

/* The key that the database was sealed with: the one that is here, else the backup's. */
static int check_key(struct arena *a, const struct config *c, const char *stage, bool *ret_take,
                     struct err *e)
{
    const char *here = in(a, c->state_dir, SERVER_KEY);
    const char *packed = in(a, stage, SERVER_KEY);
    const char *known = store_file_setting(in(a, stage, DATABASE), a, BOOTSTRAP_KEY_SETTING);
    *ret_take = false;
    if (known == NULL || (file_exists(here) && bootstrap_key_opens(a, known, here)))
        return 0;
    if (is_file(packed) && bootstrap_key_opens(a, known, packed)) {
        *ret_take = true;
        return 0;
    }
    return err_set(e, ENOKEY,
                   "the secrets in the backup need the key that they were sealed with: put it at "
                   "%s, from where you keep it",
                   here);
}

/* What is here now, before it is replaced. */
static int set_aside(struct arena *a, const struct config *c, struct err *e)
{
    const char *database = in(a, c->state_dir, DATABASE);
    const char *key = in(a, c->state_dir, SERVER_KEY);
    const char *backups = in(a, c->state_dir, "backups");
    char when[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(clock_now(), when);
    int r = dir_make(backups, 0700, e);
    if (r == 0 && file_exists(database))
        r = store_copy(database, arena_printf(a, "%s/before-restore-%s.db", backups, when), e);
    if (r == 0 && file_exists(key))
        r = copy_file(key, arena_printf(a, "%s/before-restore-%s.key", backups, when), e);
    give_to_owner(c, backups);
    return r;
}

static int put(struct arena *a, const struct config *c, const char *stage, bool take_key,
               struct err *e)
{
    static const char note[] =
        "A backup was brought back: what it does not know, such as disks and guests made after it, "
        "is left\n"
        "alone while this file is here. Look at the log for what is kept, then remove the file.\n";
    const char *database = in(a, c->state_dir, DATABASE);
    const char *config = c->config_file == NULL ? DEFAULT_CONFIG_FILE : c->config_file;
    const char *strays = keep_strays_path(a, c->state_dir);
    int r = file_write(strays, note, sizeof(note) - 1, 0644, e);
    if (r == 0) /* the log of the old one is not of the new one */
        r = file_remove(arena_printf(a, "%s-wal", database), e);
    if (r == 0)
        r = file_remove(arena_printf(a, "%s-shm", database), e);
    if (r == 0 && take_key)
        r = file_commit(in(a, stage, SERVER_KEY), in(a, c->state_dir, SERVER_KEY), e);
    if (r == 0)
        r = file_commit(in(a, stage, DATABASE), database, e);
    if (r == 0 && is_file(in(a, stage, CONFIGURATION)) && !file_exists(config))
        r = copy_file(in(a, stage, CONFIGURATION), config, e);
    give_to_owner(c, strays);
    give_to_owner(c, database);
    give_to_owner(c, in(a, c->state_dir, SERVER_KEY));
    return r;
}

int backup_restore(struct arena *a, const struct config *c, const char *file, struct err *e)
{
    _cleanup_close_ int lock = -1;
    const char *stage = NULL;
    bool take_key = false;
    int r = absolute(a, file, &file, e);
    if (r == 0 && access(file, R_OK) < 0)
        r = err_errno(e, errno, "cannot read %s", file);
    if (r == 0)
        r = dir_make(c->state_dir, 0711, e);
    if (r == 0)
        r = state_lock(a, c->state_dir, &lock, e);
    if (r == 0)
        r = stage_begin(a, c, &stage, e);
    if (r < 0)
        return r;
    r = unpack(a, stage, file, e);
    if (r == 0)
        r = check_manifest(a, stage, e);
    if (r == 0)
        r = check_key(a, c, stage, &take_key, e);
    if (r == 0)
        r = set_aside(a, c, e);
    if (r == 0)
        r = put(a, c, stage, take_key, e);
    (void)dir_remove(stage, NULL);
    if (r < 0)
        return r;
    (void)printf("The state of %s is in %s; what was there is in %s/backups.\n"
                 "Until you remove %s, nothing is removed that it does not know.\n",
                 file, c->state_dir, c->state_dir, keep_strays_path(a, c->state_dir));
    return 0;
}
