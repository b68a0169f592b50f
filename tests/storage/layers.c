/*
 * A model of layers: thousands of random operations on small volumes and their snapshots, by the
 * actions and the jobs that Croft has, compared with plain arrays of bytes.
 *
 *     layers_model [memory|qemu] [SEED [OPERATIONS [SECONDS]]]
 *
 * The layers are arrays of bytes, too, or, of fewer operations, the files that Croft has, by
 * qemu-img and qemu-io. Workers run in a process of their own that dies at a random step, before or
 * after anything that is done to a file or a guest; another one then begins as the daemon does.
 * "Guests" are file names in memory that outlives it: what they write goes where QEMU would write.
 * After each death, and at the end, every file has an owner and every owner its file. The seed and
 * the number of operations are printed; with them the same comes again, ids and all.
 */
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "jobs/layer.h"
#include "jobs/plan.h"
#include "layers.h"
#include "support/calls.h"
#include "support/machine.h"

#define VOLUMES    6
#define SNAPSHOTS  40
#define DIED       9
#define NOBODY     65534 /* the user, and the group */
#define RUNS_MAX   2000  /* of jobs, until all are done */
#define SECONDS    60
#define ENOUGH     1000 /* operations, among which a chain is flattened in any case */
#define STEPS_SOON 8    /* at which workers die, most often */
#define STEPS_LATE 150
#define PHASES     160 /* operations, of which so many make one chain deep */
#define DEEP       40

struct disk {
    char id[40]; /* "": there is none */
    struct content is;
    int size_gib;
    bool encrypted;
    int slot;   /* of a volume that the guest has, from 1; 0: it is free */
    bool fresh; /* a volume or a snapshot that is not made yet */
    bool asked; /* a volume of which a snapshot is not taken yet */
};

/* What outlives the workers: the guest's disks, and what is counted. */
struct shared {
    char serial[VOLUMES][32];
    char path[VOLUMES][256]; /* "": no such disk */
    int merged, live_merged, flattened, steps;
};

static struct {
    uint64_t random;
    unsigned long long seed;
    int operation, operations;
    struct calls *k;
    const struct layer_files *files;
    struct storage *storage;
    struct machine *machine;
    struct disk volumes[VOLUMES], snapshots[SNAPSHOTS];
    struct shared *shared;
    int die_at; /* steps that the workers still have; -1: no end */
    int deaths;
    bool deep; /* one chain is being made so */
} w;

void wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "operation %d of seed %llu: ", w.operation, w.seed);
    (void)vfprintf(stderr, format, args);
    (void)fprintf(stderr, "\nagain: layers_model %s %llu %d; files are in %s\n", w.files->name,
                  w.seed, w.operations, w.k == NULL ? "" : w.k->directory);
    va_end(args);
    exit(1);
}

static int below(int n)
{
    w.random ^= w.random << 13;
    w.random ^= w.random >> 7;
    w.random ^= w.random << 17;
    return (int)(w.random % (uint64_t)n);
}

/* --- steps at which the workers die */

void step(void)
{
    w.shared->steps++;
    if (w.die_at >= 0 && w.die_at-- == 0)
        _exit(DIED);
}

void count_copy(bool merges)
{
    int *count = merges ? &w.shared->merged : &w.shared->flattened;
    ++*count;
}

/* --- keys, as the rows have them: wrapped with calls_server_key */

const char *key_of_file(struct arena *a, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    const char *end = strstr(name, ".qcow2");
    const char *id = end == NULL ? name : arena_strndup(a, name, (size_t)(end - name));
    struct disk_secret *secret = arena_new_of(a, struct disk_secret);
    struct err e = {0};
    struct tx *tx = store_read(w.k->store);
    const struct layer *layer = store_layer(tx, a, id);
    const struct disk_key *key = layer == NULL ? NULL : store_disk_key(tx, a, layer->key_id);
    tx_end(tx);
    if (layer == NULL || (layer->key_id != NULL && key == NULL))
        wrong("%s has no row, or no key", path);
    if (key != NULL && disk_secret_unwrap(&calls_server_key, key->id, key->wrapped, secret, &e) < 0)
        wrong("%s", e.message);
    return key == NULL ? NULL : secret->text;
}

/* --- the guest */

static char *disk_of(const char *serial)
{
    for (int i = 0; i < VOLUMES; i++)
        if (w.shared->path[i][0] != '\0' && streq(w.shared->serial[i], serial))
            return w.shared->path[i];
    return NULL;
}

static int g_state(struct hypervisor *h, const char *id, enum domain_state *ret, struct err *e)
{
    (void)h, (void)id, (void)e;
    *ret = DOMAIN_RUNNING;
    return 0;
}

static int g_list(struct hypervisor *h, struct arena *a, struct domain_list *ret, struct err *e)
{
    (void)h, (void)a, (void)e;
    *ret = (struct domain_list){0};
    return 0;
}

static int g_freeze(struct hypervisor *h, const char *id, const struct domain_freeze *disks,
                    size_t n, bool quiet, bool *ret_quiet, struct err *e)
{
    (void)h, (void)id;
    *ret_quiet = quiet;
    step();
    for (size_t i = 0; i < n; i++)
        if (disk_of(disks[i].serial) == NULL)
            return err_set(e, ENODEV, "the guest has no disk %s", disks[i].serial);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(disk_of(disks[i].serial), sizeof(w.shared->path[0]), "%s", disks[i].path);
    step();
    return 0;
}

bool guest_writes(const char *path)
{
    for (int i = 0; i < VOLUMES; i++)
        if (streq(w.shared->path[i], path))
            return true;
    return false;
}

/* As QEMU does it: first the data, then the name in the file above. */
static int g_merge(struct hypervisor *h, const char *id, const char *serial, const char *top,
                   const char *base, bool *ret_done, struct err *e)
{
    (void)h, (void)id;
    const char *disk = disk_of(serial);
    if (disk == NULL)
        return err_set(e, ENODEV, "the guest has no disk %s", serial);
    _cleanup_arena_ struct arena *a = arena_new();
    const char *upper = w.files->above(a, disk, top);
    *ret_done = upper == NULL;
    if (upper == NULL)
        return 0;
    w.shared->live_merged++;
    step();
    int r = w.files->commit(top, e);
    step();
    if (r == 0)
        r = w.files->rebase(upper, base, e);
    step();
    *ret_done = r == 0 && below(2) == 0;
    return r;
}

static int g_flatten(struct hypervisor *h, const char *id, const char *serial, const char *base,
                     bool *ret_done, struct err *e)
{
    (void)h, (void)id, (void)base;
    const char *disk = disk_of(serial);
    if (disk == NULL)
        return err_set(e, ENODEV, "the guest has no disk %s", serial);
    w.shared->flattened++;
    *ret_done = true;
    step();
    int r = w.files->flatten(disk, e);
    step();
    return r;
}

static int g_resize(struct hypervisor *h, const char *id, const char *serial, int64_t bytes,
                    struct err *e)
{
    (void)h, (void)id;
    const char *disk = disk_of(serial);
    if (disk == NULL)
        return err_set(e, ENODEV, "the guest has no disk %s", serial);
    step();
    int r = w.files->resize(disk, bytes, e);
    step();
    return r;
}

static const struct hypervisor_ops guest_ops = {
    .name = "model",
    .state = g_state,
    .list = g_list,
    .disks_freeze = g_freeze,
    .disk_merge = g_merge,
    .disk_flatten = g_flatten,
    .disk_resize = g_resize,
};
static struct hypervisor guest = {&guest_ops};

/* --- the daemon, begun and ended */

static void open_all(void)
{
    struct err e = {0};
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/croft.db", w.k->directory);
    if (w.k->store == NULL && store_open(path, &w.k->store, &e) < 0)
        wrong("%s", e.message);
    w.k->config.store = w.k->store;
    w.k->config.storage = w.storage;
    w.machine = machine_new(w.k);
    w.machine->jobs->config.storage = w.storage;
    w.machine->jobs->hypervisor = &guest;
}

static void close_all(void)
{
    machine_free(w.machine);
    store_close(w.k->store);
    w.k->store = NULL;
    w.machine = NULL;
}

static int run_job(struct arena *a, const struct job *job, struct outcome *ret, struct err *e)
{
    struct jobs *j = w.machine->jobs;
    if (streq(job->kind, LAYER_JOB))
        return layer_converge(j, a, job->object_id, ret, e);
    if (streq(job->kind, SNAPSHOT_JOB))
        return snapshot_converge(j, a, job->object_id, ret, e);
    if (streq(job->kind, "volume"))
        return volume_converge(j, a, job, ret, e);
    return 0; /* networks and instances are not of this model */
}

/* Until nothing is left to do. */
static void run_jobs(void)
{
    for (int runs = 0;; runs++) {
        _cleanup_arena_ struct arena *a = arena_new();
        struct outcome outcome = {0};
        struct err e = {0};
        int64_t next = 0;
        struct tx *tx = store_read(w.k->store);
        struct job_list due = store_jobs_due(tx, a, INT64_MAX, 1, &next);
        tx_end(tx);
        if (due.n == 0)
            return;
        same_clock_reaches(due.v[0].not_before);
        int r = run_job(a, &due.v[0], &outcome, &e);
        if (r < 0 || runs == RUNS_MAX)
            wrong("the job of %s: %s", due.v[0].object_id, r < 0 ? e.message : "does not end");
        tx = store_write(w.k->store);
        if (outcome.again)
            store_job_retry(tx, &due.v[0], outcome.when, NULL);
        else
            (void)store_job_done(tx, &due.v[0]);
        if (tx_commit(tx, &e) < 0)
            wrong("%s", e.message);
    }
}

/* In a process of its own, from which nothing comes back but files and rows. */
static bool work(int die_at, bool anew)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        wrong("cannot fork");
    if (child == 0) {
        struct err e = {0};
        w.die_at = die_at;
        open_all();
        _cleanup_arena_ struct arena *a = arena_new();
        if (anew &&
            (w.storage->ops->sweep(w.storage, &e) < 0 || reconcile(w.machine->jobs, a, &e) < 0))
            wrong("%s", e.message);
        run_jobs();
        _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != DIED))
        wrong("the workers did not end well");
    return WEXITSTATUS(status) == 0;
}

/* Now and then by workers that may die; the next ones after a death look at all first. */
static void settle(void)
{
    if (below(3) > 0) {
        run_jobs();
        return;
    }
    bool anew = false;
    int within = below(3) == 0 ? STEPS_LATE : STEPS_SOON;
    close_all();
    for (int tries = 0; !work(tries < 4 ? below(within) : -1, anew); tries++) {
        w.deaths++;
        anew = true;
    }
    open_all();
}

/* --- contents */

static const char *path_of_volume(struct arena *a, const struct disk *d)
{
    struct tx *tx = store_read(w.k->store);
    const struct volume *v = store_volume(tx, a, d->id);
    tx_end(tx);
    if (v == NULL || v->next_layer_id != NULL)
        wrong("the row of %s is not as it should be", d->id);
    const char *path = w.storage->ops->layer_path(w.storage, a, v->layer_id);
    if (d->slot > 0 && !streq(path, w.shared->path[d->slot - 1]))
        wrong("the guest writes %s into %s, and its row says %s", d->id,
              w.shared->path[d->slot - 1], path);
    return path;
}

static void check_disk(const struct disk *d, const char *path, bool encrypted)
{
    if (encrypted != d->encrypted || w.files->is_encrypted(path) != d->encrypted)
        wrong("%s is to be %s", d->id, d->encrypted ? "encrypted" : "in clear");
    w.files->check(path, &d->is, d->size_gib);
}

static void check_volume(const struct disk *d)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_read(w.k->store);
    const struct volume *v = store_volume(tx, a, d->id);
    tx_end(tx);
    if (v != NULL && v->missing_since > 0)
        wrong("a file of %s is taken for gone", d->id);
    check_disk(d, path_of_volume(a, d), v != NULL && v->encrypted);
}

static void check_snapshot(const struct disk *d)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_read(w.k->store);
    const struct snapshot *s = store_snapshot(tx, a, d->id);
    tx_end(tx);
    if (s == NULL || s->state != SNAPSHOT_COMPLETED || s->layer_id == NULL)
        wrong("the snapshot %s is not completed", d->id);
    check_disk(d, w.storage->ops->layer_path(w.storage, a, s->layer_id), s->encrypted);
}

/* Each layer is encrypted if its row says so, and no key is left of layers that have gone. */
static void check_keys(struct tx *tx, struct arena *a, const struct layer_list *layers)
{
    size_t keys = 0;
    for (size_t i = 0; i < layers->n; i++) {
        const struct layer *l = &layers->v[i];
        const struct layer *parent = store_layer(tx, a, l->parent_id);
        bool first = l->key_id != NULL;
        for (size_t k = 0; k < i; k++)
            first &= !streq(layers->v[k].key_id, l->key_id);
        keys += first;
        if (l->key_id != NULL && store_disk_key(tx, a, l->key_id) == NULL)
            wrong("the key of %s has gone", l->id);
        if (parent != NULL && parent->key_id != NULL && !streq(parent->key_id, l->key_id))
            wrong("%s stands on what is encrypted with another key", l->id);
        if (w.files->is_encrypted(w.storage->ops->layer_path(w.storage, a, l->id)) !=
            (l->key_id != NULL))
            wrong("the file of %s is not as its row says", l->id);
    }
    if (keys != store_count_disk_keys(tx))
        wrong("%zu keys are in use, and %zu are there", keys, store_count_disk_keys(tx));
}

/* Every file has a row and every row its file; every layer has a use. */
static void check_owners(bool at_rest)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct err e = {0};
    struct storage_names files = {0};
    if (w.storage->ops->list_layers(w.storage, a, &files, &e) < 0)
        wrong("%s", e.message);
    struct tx *tx = store_read(w.k->store);
    struct layer_list layers = store_layers(tx, a);
    for (size_t i = 0; i < files.n; i++)
        if (store_layer(tx, a, files.v[i]) == NULL)
            wrong("the file of %s belongs to nothing", files.v[i]);
    if (files.n != layers.n)
        wrong("there are %zu files and %zu layers", files.n, layers.n);
    for (size_t i = 0; i < layers.n; i++) {
        const char *id = layers.v[i].id;
        size_t held =
            store_count_snapshots(tx, "layer_id", id) + store_volumes(tx, a, "layer_id", id).n;
        size_t children = store_count_layers(tx, "parent_id", id);
        if (held == 0 && (children == 0 || (at_rest && children == 1)))
            wrong("nothing needs the layer %s", id);
    }
    check_keys(tx, a, &layers);
    tx_end(tx);
}

/* --- operations */

static struct disk *pick(struct disk *of, int n, bool there)
{
    int first = below(n);
    for (int i = 0; i < n; i++)
        if ((of[(first + i) % n].id[0] != '\0') == there)
            return &of[(first + i) % n];
    return NULL;
}

static void must(int r)
{
    if (r < 0)
        wrong("%s: %s", fault_code_name(w.k->fault.code), w.k->fault.message);
}

static void write_some(struct disk *v)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct write writes[WRITES_MAX];
    int n = 1 + below(WRITES_MAX);
    for (struct write *one = writes; one < writes + n; one++) {
        one->region = below(REGIONS);
        one->from = below(UNITS);
        one->units = 1 + below(UNITS - one->from);
        one->value = below(5) == 0 ? -1 : below(256);
        memset(&v->is.unit[one->region][one->from], one->value < 0 ? 0 : one->value,
               (size_t)one->units);
    }
    w.files->write(path_of_volume(a, v), writes, n);
}

static void create(const struct disk *from)
{
    struct disk *v = pick(w.volumes, VOLUMES, false);
    if (v == NULL)
        return;
    ec2_CreateVolume_out out;
    int size = (from == NULL ? 1 : from->size_gib) + below(2);
    bool encrypted = (from != NULL && from->encrypted) || below(3) == 0;
    must(CALL(w.k, CreateVolume, &out, .availability_zone = "us-east-1a", .size = wire_int(size),
              .snapshot_id = from == NULL ? NULL : from->id, .encrypted = {encrypted, encrypted}));
    *v = (struct disk){.size_gib = size, .encrypted = encrypted, .fresh = true};
    (void)snprintf(v->id, sizeof(v->id), "%s", out.volume_id);
    if (from != NULL)
        v->is = from->is;
}

static struct disk *new_snapshot(const char *id, const struct disk *of)
{
    struct disk *s = pick(w.snapshots, SNAPSHOTS, false);
    *s = (struct disk){
        .is = of->is, .size_gib = of->size_gib, .encrypted = of->encrypted, .fresh = true};
    (void)snprintf(s->id, sizeof(s->id), "%s", id);
    return s;
}

static void snapshot(struct disk *v)
{
    ec2_CreateSnapshot_out out;
    if (pick(w.snapshots, SNAPSHOTS, false) == NULL)
        return;
    v->asked = true;
    must(CALL(w.k, CreateSnapshot, &out, .volume_id = v->id));
    (void)new_snapshot(out.snapshot_id, v);
}

static void copy(const struct disk *s)
{
    ec2_CopySnapshot_out out;
    if (pick(w.snapshots, SNAPSHOTS, false) == NULL)
        return;
    bool encrypted = s->encrypted || below(3) == 0;
    must(CALL(w.k, CopySnapshot, &out, .source_region = "us-east-1", .source_snapshot_id = s->id,
              .encrypted = {encrypted, encrypted}));
    struct disk *made = new_snapshot(out.snapshot_id, s);
    made->fresh = encrypted && !s->encrypted;
    made->encrypted = encrypted;
}

static void delete_snapshot(struct disk *s)
{
    ec2_DeleteSnapshot_out out;
    must(CALL(w.k, DeleteSnapshot, &out, .snapshot_id = s->id));
    s->id[0] = '\0';
}

/* The guest gets a disk or gives one back, as the rows of an attachment say it. */
static void attach_or_detach(struct disk *v)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_write(w.k->store);
    struct volume *row = store_volume(tx, a, v->id);
    bool attaches = v->slot == 0;
    row->instance_id = attaches ? TEST_INSTANCE : NULL;
    row->device_name = attaches ? "/dev/sdf" : NULL;
    row->state = attaches ? VOLUME_IN_USE : VOLUME_AVAILABLE;
    row->attachment_state = attaches ? ATTACHMENT_ATTACHED : ATTACHMENT_DETACHED;
    store_update_volume(tx, row);
    store_enqueue_layers(tx, row->layer_id);
    if (tx_commit(tx, NULL) < 0)
        wrong("cannot attach");
    int slot = (int)(v - w.volumes);
    (void)snprintf(w.shared->serial[slot], sizeof(w.shared->serial[0]), "%s",
                   plan_disk_serial(a, v->id));
    (void)snprintf(w.shared->path[slot], sizeof(w.shared->path[0]), "%s",
                   attaches ? w.storage->ops->layer_path(w.storage, a, row->layer_id) : "");
    v->slot = attaches ? slot + 1 : 0;
}

static void delete_volume(struct disk *v)
{
    ec2_DeleteVolume_out out;
    if (v->slot > 0)
        attach_or_detach(v);
    must(CALL(w.k, DeleteVolume, &out, .volume_id = v->id));
    v->id[0] = '\0';
}

static void grow(struct disk *v)
{
    ec2_ModifyVolume_out out;
    if (!v->asked &&
        CALL(w.k, ModifyVolume, &out, .volume_id = v->id, .size = wire_int(v->size_gib + 1)) == 0)
        v->size_gib++;
}

/* One chain grows, beyond what is flattened. */
static void deepen(struct disk *v)
{
    struct disk *first = w.volumes[0].id[0] == '\0' || w.volumes[0].fresh ? v : &w.volumes[0];
    if (below(3) == 0 && !first->asked)
        write_some(first);
    if (!first->asked)
        snapshot(first);
}

static void operate(bool deep)
{
    struct disk *v = pick(w.volumes, VOLUMES, true);
    struct disk *s = pick(w.snapshots, SNAPSHOTS, true);
    int what = below(100);
    bool usable = v != NULL && !v->fresh;
    if (what < 4 || v == NULL) {
        create(NULL);
    } else if (usable && deep && what < 92) {
        deepen(v);
    } else if (!usable || (what < 34 && v->asked) || (what >= 68 && (s == NULL || s->fresh))) {
        return; /* what is not made yet, or would be in a snapshot that was asked for before */
    } else if (what < 34) {
        write_some(v);
    } else if (what < 54) {
        snapshot(v);
        if (below(15) == 0)
            delete_volume(v);
    } else if (what < 62) { /* more has the guest than not: its merges are the harder ones */
        if (v->slot == 0 || below(3) == 0)
            attach_or_detach(v);
    } else if (what < 64) {
        grow(v);
    } else if (what < 68) {
        delete_volume(v);
    } else if (what < 76) {
        create(s);
    } else if (what < 80) {
        copy(s);
    }
    /* Also one that is not taken yet. */
    for (int i = deep ? 0 : below(6) - 4; i > 0; i--) {
        s = pick(w.snapshots, SNAPSHOTS, true);
        if (s != NULL)
            delete_snapshot(s);
    }
}

static void check_everything(bool at_rest)
{
    check_owners(at_rest);
    for (int i = 0; i < VOLUMES; i++)
        if (w.volumes[i].id[0] != '\0')
            check_volume(&w.volumes[i]);
    for (int i = 0; i < SNAPSHOTS; i++)
        if (w.snapshots[i].id[0] != '\0')
            check_snapshot(&w.snapshots[i]);
}

/* Under a guest some merges wait until it has gone. */
static bool is_without_guest(void)
{
    bool attached = false;
    for (int i = 0; i < VOLUMES; i++)
        attached |= w.volumes[i].id[0] != '\0' && w.volumes[i].slot > 0;
    return !attached;
}

static void forget_what_is_new(void)
{
    for (int i = 0; i < VOLUMES; i++)
        w.volumes[i].fresh = w.volumes[i].asked = false;
    for (int i = 0; i < SNAPSHOTS; i++)
        w.snapshots[i].fresh = false;
}

/* Everything goes, and nothing is left. */
static void end_of_all(void)
{
    for (int i = 0; i < VOLUMES; i++)
        if (w.volumes[i].id[0] != '\0' && w.volumes[i].slot > 0)
            attach_or_detach(&w.volumes[i]);
    settle();
    check_everything(true);
    for (int i = 0; i < SNAPSHOTS; i++)
        if (w.snapshots[i].id[0] != '\0')
            delete_snapshot(&w.snapshots[i]);
    settle();
    check_everything(true); /* the volumes that are left */
    for (int i = 0; i < VOLUMES; i++)
        if (w.volumes[i].id[0] != '\0')
            delete_volume(&w.volumes[i]);
    settle();
    _cleanup_arena_ struct arena *a = arena_new();
    struct storage_names files = {0};
    if (w.storage->ops->list_layers(w.storage, a, &files, NULL) < 0 || files.n > 0)
        wrong("%zu files are left", files.n);
    check_owners(true);
}

static void begin(void)
{
    struct err e = {0};
    w.k = calls_new();
    calls_put_instance(w.k, INSTANCE_RUNNING);
    struct tx *tx = store_write(w.k->store);
    store_delete_volumes(tx, "instance_id", TEST_INSTANCE); /* the model has disks of its own */
    store_delete_layers(tx, "image_id", TEST_IMAGE);
    if (tx_commit(tx, &e) < 0)
        wrong("%s", e.message);
    w.storage = w.files->begin(w.k->directory);
    store_close(w.k->store);
    w.k->store = NULL;
}

static void play_round(int number)
{
    bool deep = w.operation % PHASES >= PHASES - DEEP;
    for (int i = 0; deep && !w.deep && i < SNAPSHOTS; i++)
        if (w.snapshots[i].id[0] != '\0')
            delete_snapshot(&w.snapshots[i]); /* room for those of one chain */
    w.deep = deep;
    for (int i = deep ? 1 : 1 + below(5); i > 0; i--, w.operation++)
        operate(deep);
    settle();
    forget_what_is_new();
    struct disk *v = pick(w.volumes, VOLUMES, true);
    struct disk *s = pick(w.snapshots, SNAPSHOTS, true);
    if (v != NULL)
        check_volume(v);
    if (s != NULL)
        check_snapshot(s);
    check_owners(is_without_guest());
    if (number % 20 == 19)
        check_everything(false);
    arena_reset(w.k->arena);
}

/* As croftd, which may not write what it has sealed. Root may write anything. */
static void be_nobody(void)
{
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
        wrong("cannot become another user: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    be_nobody();
    w.files = argc > 1 && streq(argv[1], files_of_qemu.name) ? &files_of_qemu : &files_in_memory;
    if (argc > 1 && streq(argv[1], w.files->name)) {
        argc--;
        argv++;
    }
    /* `tests/run --quick` takes a part of them; a full run does them all. */
    int part = getenv("CROFT_QUICK") != NULL ? 4 : 1;
    w.operations = argc > 2 ? atoi(argv[2]) : w.files->operations / part;
    time_t until = time(NULL) + (argc > 3 ? atoi(argv[3]) : SECONDS / part);
    w.seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (unsigned long long)time(NULL);
    w.random = w.seed * 2654435761U + 1;
    w.die_at = -1;
    /* Thousands of commits, each of which is synced: on a disk that is most of the time. */
    if (access("/dev/shm", W_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 0);
    w.shared =
        mmap(NULL, sizeof(*w.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (w.shared == MAP_FAILED)
        return 1;
    (void)printf("# layers_model %s %llu %d\n", w.files->name, w.seed, w.operations);
    same_again(w.seed);
    begin();
    open_all();
    for (int round = 0; w.operation < w.operations && time(NULL) < until; round++)
        play_round(round);
    end_of_all();
    machine_free(w.machine);
    (void)printf("%d operations, %d steps, %d deaths of workers, %d merges at rest, %d under a "
                 "guest, %d flattenings\n",
                 w.operation, w.shared->steps, w.deaths, w.shared->merged, w.shared->live_merged,
                 w.shared->flattened);
    if (w.operation >= ENOUGH && w.shared->flattened == 0)
        wrong("no chain was made short");
    w.storage->ops->free(w.storage);
    calls_free(w.k);
    return 0;
}
