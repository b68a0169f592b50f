#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/monitoring.h"
#include "base/file.h"
#include "base/text.h"
#include "config_internal.h"
#include "core/disk_room.h"
#include "core/volume_limits.h"
#include "http/server.h"

#define CONFIG_MAX         ((size_t)256 << 10)
#define KEY_NAME_MAX       64
#define PROBLEMS_MAX       100
#define MEMORY_MAX_MIB     ((int64_t)64 << 20)
#define MAX_INSTANCES_MAX  1000000
#define API_RATE_MAX       1000
#define NOTICE_MAX_S       86400
#define CREDENTIALS_MIN_S  6
#define CREDENTIALS_MAX_S  43200 /* AWS: of a role's session */
#define INSTANCE_TYPE_KEY  "instance_type"
#define INSTANCE_TYPE_HELP "a type of your own: NAME VCPUS MIB [ARCHITECTURE [DISKSxGB]]"

enum flags {
    OPTION = 1 << 0, /* also an option of the command line, with dashes */
    LIVE = 1 << 1,   /* may change while the daemon runs */
};

#define AT(field) offsetof(struct config, field), sizeof(((struct config *)NULL)->field)
#define WORDS(...)                                                                                 \
    .words = (const char *const[])                                                                 \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

/* Every key: in the file as it stands, as an option with dashes (where it is one). */
static const struct config_key keys[] = {
    {"state_dir", AT(state_dir), OPTION, "/var/lib/croft", config_read_path,
     "where everything that lasts is kept"},
    {"runtime_dir", AT(runtime_dir), OPTION, "/run/croft", config_read_path,
     "where what lasts until a reboot is kept"},
    {"listen", AT(listen), OPTION, NULL, config_read_listen,
     "address and port of the API (127.0.0.1:8773); none: no TCP"},
    {"socket", AT(socket), OPTION, NULL, config_read_path,
     "path of the unix socket (/run/croft/croft.sock)"},
    {"hypervisor", AT(hypervisor), OPTION, "libvirt", config_read_choice,
     "libvirt, or fake: for tests, starts nothing", WORDS("libvirt", "fake")},
    {"libvirt_uri", AT(libvirt_uri), OPTION, "qemu:///system", config_read_text,
     "libvirt's connection URI"},
    {"log_level", AT(log_level), OPTION | LIVE, "info", config_read_choice,
     "error, warning, info or debug", WORDS("error", "warning", "info", "debug")},
    {"tls", AT(tls), 0, "given", config_read_choice,
     "given: with tls_cert and tls_key, if there are any; auto: a certificate of its own",
     WORDS("given", "auto")},
    {"tls_cert", AT(tls_cert), LIVE, NULL, config_read_path,
     "PEM certificate chain; needed to listen beyond loopback"},
    {"tls_key", AT(tls_key), LIVE, NULL, config_read_path, "PEM key for it"},
    {"group", AT(group), 0, "croft", config_read_group,
     "the group whose members may use the unix socket"},
    {"seed", AT(seed), LIVE, "always", config_read_choice,
     "always: instances get a seed for cloud-init; never: the metadata service is all",
     WORDS("always", "never")},
    {"seed_templates", AT(seed_templates), 0, NULL, config_read_directory,
     "directory of your own cloud-init templates"},
    {"public_addresses", AT(public_addresses), 0, "198.18.0.0/16", config_read_addresses,
     "ranges (A-B, CIDR) that public addresses are taken from, the first one first"},
    {"ipv6_prefix", AT(ipv6_prefix), 0, NULL, config_read_ipv6_prefix,
     "range (CIDR) that VPCs' /56 blocks of IPv6 are taken from; none: a unique local one"},
    {"uplink", AT(uplink), 0, NULL, config_read_interface,
     "interface towards the internet; guests may use it then"},
    {"resolver", AT(resolver), 0, NULL, config_read_resolver,
     "name server for guests, with an uplink"},
    {"regions", AT(regions), 0, "us-east-1", config_read_regions,
     "regions that are served, the default one first"},
    {"reserve_memory", AT(reserve_memory_mib), LIVE, "512", config_read_number,
     "MiB of memory that guests never get", .max = MEMORY_MAX_MIB},
    {"max_instances", AT(max_instances), LIVE, "10000", config_read_number,
     "most instances at a time", .max = MAX_INSTANCES_MAX},
    {"api_rate", AT(api_rate), LIVE, "10", config_read_rate,
     "how many times EC2's limits of requests each account but the owner's has, or off", .min = 1,
     .max = API_RATE_MAX},
    {"api_rate_owner", AT(api_rate_owner), LIVE, "off", config_read_rate,
     "the same of the owner's account", .min = 1, .max = API_RATE_MAX},
    {"account_quotas", AT(account_quotas), 0, "", config_read_quotas,
     "what each account but the owner's may have: " QUOTA_WORDS},
    {"bucket_directory", AT(bucket_directory), 0, NULL, config_read_path,
     "directory of buckets, for imports and exports (STATE_DIR/buckets)"},
    {"storage", AT(storage), 0, NULL, config_read_choice,
     "files, or fake: for tests, keeps nothing (as the hypervisor)", WORDS("files", "fake")},
    {"disk_io", AT(disk_io), 0, "auto", config_read_choice,
     "how QEMU uses disks: io_uring, threads, or auto: the first if it can",
     WORDS("auto", "io_uring", "threads")},
    {"disk_full", AT(disk_full_percent), LIVE, "95", config_read_number,
     "percent of the disk in use, at which guests are paused", .min = DISK_FULL_MIN,
     .max = DISK_FULL_MAX},
    {"volume_limits", AT(volume_limits), LIVE, "off", config_read_limits,
     "do volumes have the limits of their types? " VOLUME_LIMITS_TEXTS},
    {"snapshot_freeze", AT(snapshot_freeze), LIVE, "yes", config_read_switch,
     "yes: guests' agents freeze file systems for the moment of a snapshot"},
    {"signature_v2", AT(signature_v2), 0, "no", config_read_switch,
     "yes: also serve old clients that sign with version 2"},
    {"spot_interruption_notice", AT(spot_notice_ms), LIVE, "120", config_read_number,
     "seconds that a spot instance is told before its end", .max = NOTICE_MAX_S, .scale = 1000},
    {"role_credentials", AT(credentials_ms), 0, "21600", config_read_number,
     "seconds that the credentials of instances' roles are good for", .min = CREDENTIALS_MIN_S,
     .max = CREDENTIALS_MAX_S, .scale = 1000},
    {"monitoring", AT(monitoring), LIVE, "loopback", config_read_monitoring,
     "who reads /metrics and /healthz without credentials: " MONITORING_WORDS},
    {"guest_api", AT(guest_api), 0, "yes", config_read_switch,
     "yes: guests reach the API at http://169.254.169.254"},
};

#define N_KEYS ARRAY_SIZE(keys)

/* What is being read: the values as texts, and where each stands. */
struct loader {
    struct arena *a;
    struct config c;
    struct config_problems problems;
    const char *texts[N_KEYS + 1]; /* the last: all lines instance_type */
    const char *where[N_KEYS];
    bool of_option[N_KEYS]; /* that wins over the file */
    struct config_types own;
};

static void complain(struct loader *l, const char *where, const char *what)
{
    if (l->problems.n < PROBLEMS_MAX)
        *arena_append(l->a, &l->problems) =
            (struct config_problem){where, arena_strdup(l->a, what)};
}

/* N_KEYS when there is none of this name. */
static size_t find_key(const char *name)
{
    size_t i = 0;
    while (i < N_KEYS && !streq(keys[i].name, name))
        i++;
    return i;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to be changed, put in or left out (Levenshtein). */
static size_t distance(const char *from, const char *to)
{
    size_t row[KEY_NAME_MAX + 1];
    size_t n = strlen(to);
    if (n > KEY_NAME_MAX)
        return SIZE_MAX;
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 0; from[i] != '\0'; i++) {
        size_t before = row[0];
        row[0] = i + 1;
        for (size_t k = 1; k <= n; k++) {
            size_t changed = before + (from[i] != to[k - 1]);
            before = row[k];
            row[k] = least(changed, least(row[k], row[k - 1]) + 1);
        }
    }
    return row[n];
}

static const char *no_such_key(struct arena *a, const char *name)
{
    const char *best = INSTANCE_TYPE_KEY;
    for (size_t i = 0; i < N_KEYS; i++)
        if (distance(keys[i].name, name) < distance(best, name))
            best = keys[i].name;
    if (distance(best, name) <= 1 + strlen(best) / 4)
        return arena_printf(a, "there is no key '%s'; did you mean '%s'?", name, best);
    return arena_printf(a, "there is no key '%s'; croftd --help lists them", name);
}

/* --- the file */

static void take_type(struct loader *l, const char *where, const char *value)
{
    struct err e = {0};
    const char *before = l->texts[N_KEYS];
    l->texts[N_KEYS] = arena_printf(l->a, "%s%s\n", before == NULL ? "" : before, value);
    if (config_add_type(l->a, &l->own, value, &e) < 0)
        complain(l, where, e.message);
}

static void take_pair(struct loader *l, const char *where, const char *name, const char *value)
{
    if (streq(name, INSTANCE_TYPE_KEY)) {
        take_type(l, where, value);
        return;
    }
    size_t i = find_key(name);
    if (i == N_KEYS)
        complain(l, where, no_such_key(l->a, name));
    else if (l->of_option[i])
        return;
    else if (l->texts[i] != NULL)
        complain(l, where, arena_printf(l->a, "%s is given twice: also at %s", name, l->where[i]));
    else {
        l->texts[i] = arena_strdup(l->a, value);
        l->where[i] = where;
    }
}

static void read_file(struct loader *l, const char *path)
{
    _cleanup_buf_ struct buf text = BUF_INIT(CONFIG_MAX);
    struct err e = {0};
    if (file_read(path, &text, &e) < 0) {
        complain(l, path, e.message);
        return;
    }
    if (strlen(buf_str(&text)) != text.len) {
        complain(l, path, "there is a NUL byte in it: this is no text");
        return;
    }
    char *rest = NULL;
    int line_number = 0;
    for (char *line = text.data; line != NULL; line = rest) {
        rest = strchr(line, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        line_number++;
        line[strcspn(line, "#")] = '\0';
        line = text_trim(line);
        if (*line == '\0')
            continue;
        const char *where = arena_printf(l->a, "%s, line %d", path, line_number);
        char *equals = strchr(line, '=');
        if (equals == NULL) {
            complain(l, where,
                     arena_printf(l->a, "a line is `key = value`, and '%s' has no '='", line));
            continue;
        }
        *equals = '\0';
        take_pair(l, where, text_trim(line), text_trim(equals + 1));
    }
}

/* --- the command line */

static bool take_flag(struct config *c, const char *arg)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--help", &c->show_help},
                 {"-h", &c->show_help},
                 {"--version", &c->show_version},
                 {"--check-config", &c->check_only},
                 {"--with-key", &c->with_key}};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (streq(flags[i].name, arg))
            return *flags[i].flag = true;
    return false;
}

/* --state-dir DIR or --state-dir=DIR */
static void read_options(struct loader *l, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (take_flag(&l->c, arg))
            continue;
        size_t len = has_prefix(arg, "--") ? strcspn(arg + 2, "=") : 0;
        char *name = arena_strndup(l->a, arg + (len == 0 ? 0 : 2), len);
        for (char *p = name; *p != '\0'; p++)
            *p = *p == '-' ? '_' : *p;
        size_t key = find_key(name);
        const char **file = streq(name, "config")    ? &l->c.config_file
                            : streq(name, "backup")  ? &l->c.backup_file
                            : streq(name, "restore") ? &l->c.restore_file
                                                     : NULL;
        if (file == NULL && (key == N_KEYS || (keys[key].flags & OPTION) == 0)) {
            complain(l, "command line",
                     arena_printf(l->a, "there is no option '%s'; --help lists them", arg));
            continue;
        }
        const char *value = arg[2 + len] == '=' ? arg + 3 + len : i + 1 < argc ? argv[++i] : NULL;
        if (value == NULL) {
            complain(l, "command line", arena_printf(l->a, "the option '%s' needs a value", arg));
        } else if (file != NULL) {
            *file = value;
        } else {
            l->texts[key] = value;
            l->where[key] = arena_printf(l->a, "option %s", arg);
            l->of_option[key] = true;
        }
    }
}

/* --- all of it */

static void read_values(struct loader *l)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        struct err e = {0};
        if (l->texts[i] == NULL)
            l->texts[i] = keys[i].otherwise;
        if (l->texts[i] != NULL && keys[i].read(l->a, &l->c, &keys[i], l->texts[i], &e) < 0)
            complain(l, l->where[i], e.message);
    }
}

static const char *place_of(const struct loader *l, const char *key, const char *otherwise)
{
    size_t i = find_key(key);
    return i < N_KEYS && l->where[i] != NULL ? l->where[i] : otherwise;
}

static void check_tls(struct loader *l, const char *path)
{
    const struct config *c = &l->c;
    struct err e = {0};
    bool is_loopback = true;
    if (streq(c->tls, "auto") && (c->tls_cert != NULL || c->tls_key != NULL))
        complain(l, place_of(l, "tls", path),
                 "with tls = auto the certificate is made here: leave tls_cert and tls_key out");
    else if ((c->tls_cert == NULL) != (c->tls_key == NULL))
        complain(l, place_of(l, c->tls_cert != NULL ? "tls_cert" : "tls_key", path),
                 "tls_cert and tls_key go together: give both, or neither");
    else if (c->tls_cert != NULL && http_tls_check(c->tls_cert, c->tls_key, &e) < 0)
        complain(l, place_of(l, "tls_cert", path), e.message);
    if (c->listen != NULL && !streq(c->listen, "none") && c->tls_cert == NULL &&
        c->tls_key == NULL && streq(c->tls, "given") &&
        http_address_check(c->listen, &is_loopback, NULL) == 0 && !is_loopback)
        complain(l, place_of(l, "listen", path),
                 "an address that is not on loopback needs TLS: write tls = auto, or give tls_cert "
                 "and tls_key, or listen on 127.0.0.1");
}

/* What follows from several keys. */
static void work_out(struct loader *l, const char *path)
{
    struct config *c = &l->c;
    if (c->storage == NULL)
        c->storage = streq(c->hypervisor, "fake") ? "fake" : "files";
    if (c->bucket_directory == NULL)
        c->bucket_directory = arena_printf(l->a, "%s/buckets", c->state_dir);
    if (c->resolver != NULL && c->uplink == NULL)
        complain(l, place_of(l, "resolver", path), "resolver needs an uplink");
    check_tls(l, path);
}

int config_load(struct arena *a, int argc, char **argv, struct config *ret_config,
                struct config_problems *ret_problems)
{
    struct loader l = {.a = a};
    read_options(&l, argc, argv);
    const char *path = l.c.config_file == NULL ? DEFAULT_CONFIG_FILE : l.c.config_file;
    if (l.problems.n == 0 && !l.c.show_help && !l.c.show_version) {
        if (l.c.config_file != NULL || file_exists(path))
            read_file(&l, path);
        read_values(&l);
        work_out(&l, path);
        config_merge_types(a, &l.c, &l.own);
    }
    if (l.problems.n > 0) {
        *ret_problems = l.problems;
        return -EINVAL;
    }
    l.c.texts = arena_memdup(a, l.texts, sizeof(l.texts));
    *ret_config = l.c;
    return 0;
}

/* --- another one, while the daemon runs */

static void take_over(struct config *c, const struct config *fresh, size_t i, struct arena *a)
{
    const struct config_key *k = &keys[i];
    memcpy((char *)c + k->offset, (const char *)fresh + k->offset, k->size);
    const char **text = (const char **)(void *)((char *)c + k->offset);
    if ((k->read == config_read_path || k->read == config_read_text) && *text != NULL)
        *text = arena_strdup(a, *text);
    c->texts[i] = fresh->texts[i] == NULL ? NULL : arena_strdup(a, fresh->texts[i]);
}

void config_reload(struct config *c, const struct config *fresh, struct arena *a,
                   struct arena *list_arena, struct config_changes *ret_changes)
{
    *ret_changes = (struct config_changes){0};
    for (size_t i = 0; i <= N_KEYS; i++) {
        bool is_live = i < N_KEYS && (keys[i].flags & LIVE) != 0;
        if (streq(c->texts[i], fresh->texts[i]))
            continue;
        if (is_live)
            take_over(c, fresh, i, a);
        *arena_append(list_arena, ret_changes) =
            (struct config_change){i < N_KEYS ? keys[i].name : INSTANCE_TYPE_KEY, is_live};
    }
}

void config_print_help(void)
{
    (void)printf(
        "usage: croftd [OPTION VALUE]...\n\nThe daemon of Croft, a private EC2 on this server. "
        "See croftd(8).\n\n  --config FILE          (%s)\n  --check-config         say what is "
        "wrong with the options and the file, and end\n  --backup FILE          copy the state "
        "into "
        "FILE, and end; --with-key: with the server's key\n  --restore FILE         bring that "
        "back, and end\n",
        DEFAULT_CONFIG_FILE);
    for (size_t i = 0; i < N_KEYS; i++) {
        if ((keys[i].flags & OPTION) == 0)
            continue;
        char option[KEY_NAME_MAX];
        (void)snprintf(option, sizeof(option), "--%s", keys[i].name);
        for (char *p = option + 2; *p != '\0'; p++)
            if (*p == '_')
                *p = '-';
        (void)printf("  %-22s %s\n", option, keys[i].help);
    }
    (void)printf("  --help, --version\n\nIn the configuration file only:\n");
    for (size_t i = 0; i < N_KEYS; i++)
        if ((keys[i].flags & OPTION) == 0)
            (void)printf("  %-22s %s\n", keys[i].name, keys[i].help);
    (void)printf("  %-22s %s\n\nSIGHUP takes up:", INSTANCE_TYPE_KEY, INSTANCE_TYPE_HELP);
    for (size_t i = 0; i < N_KEYS; i++)
        if ((keys[i].flags & LIVE) != 0)
            (void)printf(" %s", keys[i].name);
    (void)printf("\n");
}
