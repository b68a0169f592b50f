#include "store/port_changes.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "store/connection.h"
#include "store/port_log.h"

/*
 * Theory of operation
 *
 * The triggers call note_port() within the transaction. Its commit numbers the notes and puts them
 * into a ring, from which readers take those of their VPC. A note may be too many (of a transaction
 * that was undone in part, of a row that was written as it was): the port is planned once more and
 * is found to be the same. None may be missing, which is why they come into the ring before the
 * commit, and why a reader counts as seen what was confirmed before its snapshot began: see
 * port_log.h.
 */

#define NOTES_MAX 8192
#define ID_MAX    40

extern const char port_changes_sql[];

struct note {
    uint64_t commit;
    char vpc_id[ID_MAX];
    char interface_id[ID_MAX];
};

struct port_log {
    pthread_mutex_t lock; /* of the ring; `n_pending` is the writer's */
    struct note *ring;
    uint64_t n_noted;   /* notes ever taken: note i is at i % NOTES_MAX */
    uint64_t n_pending; /* the last of them, which have no number yet */
    uint64_t announced; /* commits */
    _Atomic uint64_t confirmed;
};

static bool is_of(const struct note *note, const char *vpc_id, const char *interface_id)
{
    return streq(note->interface_id, interface_id) && streq(note->vpc_id, vpc_id);
}

static void take_note(struct port_log *log, const char *vpc_id, const char *interface_id)
{
    CHECK(strlen(vpc_id) < ID_MAX && strlen(interface_id) < ID_MAX);
    (void)pthread_mutex_lock(&log->lock);
    /* Most rows of an interface are written one after another. */
    bool again = log->n_pending > 0 &&
                 is_of(&log->ring[(log->n_noted - 1) % NOTES_MAX], vpc_id, interface_id);
    if (!again) {
        struct note *note = &log->ring[log->n_noted++ % NOTES_MAX];
        *note = (struct note){.commit = UINT64_MAX};
        memcpy(note->vpc_id, vpc_id, strlen(vpc_id));
        memcpy(note->interface_id, interface_id, strlen(interface_id));
        log->n_pending++;
    }
    (void)pthread_mutex_unlock(&log->lock);
}

/* note_port(vpc_id, interface_id); NULL for either: there is no port. */
static void note_port(sqlite3_context *context, int n, sqlite3_value **values)
{
    const char *vpc_id = (const char *)sqlite3_value_text(values[0]);
    const char *interface_id = (const char *)sqlite3_value_text(values[1]);
    (void)n;
    if (vpc_id != NULL && interface_id != NULL)
        take_note(sqlite3_user_data(context), vpc_id, interface_id);
    sqlite3_result_null(context);
}

int port_log_open(struct connection *writer, struct port_log **ret_log, struct err *e)
{
    struct port_log *log = calloc(1, sizeof(*log));
    CHECK_MEMORY(log != NULL);
    log->ring = calloc(NOTES_MAX, sizeof(*log->ring));
    CHECK_MEMORY(log->ring != NULL);
    log->announced = 1;
    log->confirmed = 1;
    (void)pthread_mutex_init(&log->lock, NULL);
    int r = 0;
    if (sqlite3_create_function_v2(writer->db, "note_port", 2, SQLITE_UTF8, log, note_port, NULL,
                                   NULL, NULL) != SQLITE_OK)
        r = err_set(e, EIO, "database: %s", sqlite3_errmsg(writer->db));
    if (r == 0)
        r = connection_exec(writer, port_changes_sql, e);
    if (r < 0) {
        port_log_close(log);
        return err_wrap(e, r, "cannot watch the interfaces");
    }
    *ret_log = log;
    return 0;
}

void port_log_close(struct port_log *log)
{
    if (log == NULL)
        return;
    (void)pthread_mutex_destroy(&log->lock);
    free(log->ring);
    free(log);
}

void port_log_announce(struct port_log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    log->announced++;
    for (uint64_t i = 0; i < log->n_pending && i < NOTES_MAX; i++)
        log->ring[(log->n_noted - 1 - i) % NOTES_MAX].commit = log->announced;
    log->n_pending = 0;
    (void)pthread_mutex_unlock(&log->lock);
}

void port_log_confirm(struct port_log *log)
{
    log->confirmed = log->announced; /* the writer's own */
}

void port_log_drop_notes(struct port_log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    for (uint64_t i = 0; i < log->n_pending && i < NOTES_MAX; i++)
        log->ring[(log->n_noted - 1 - i) % NOTES_MAX] = (struct note){.commit = log->announced};
    log->n_pending = 0;
    (void)pthread_mutex_unlock(&log->lock);
}

uint64_t port_log_confirmed(const struct port_log *log)
{
    return log->confirmed;
}

/* --- reading */

static int compare_ids(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void sort_once_each(struct text_list *l)
{
    size_t n = 0;
    if (l->n > 1)
        qsort(l->v, l->n, sizeof(l->v[0]), compare_ids);
    for (size_t i = 0; i < l->n; i++)
        if (n == 0 || !streq(l->v[n - 1], l->v[i]))
            l->v[n++] = l->v[i];
    l->n = n;
}

/* False: what came first after `since` has been overwritten, or may have been. */
static bool collect(struct port_log *log, struct arena *a, const char *vpc_id, uint64_t since,
                    struct text_list *ids)
{
    bool complete = false;
    (void)pthread_mutex_lock(&log->lock);
    for (uint64_t i = log->n_noted; !complete; i--) {
        if (i == 0) {
            complete = true; /* nothing has been overwritten */
            break;
        }
        if (log->n_noted - i >= NOTES_MAX)
            break;
        const struct note *note = &log->ring[(i - 1) % NOTES_MAX];
        complete = note->commit <= since;
        /* One without a number is of a transaction that nobody can see yet. */
        if (!complete && note->commit <= log->announced && streq(note->vpc_id, vpc_id))
            *arena_append(a, ids) = arena_strdup(a, note->interface_id);
    }
    (void)pthread_mutex_unlock(&log->lock);
    return complete;
}

bool store_changed_ports(struct tx *tx, struct arena *a, const char *vpc_id, uint64_t since,
                         struct text_list *ret_ids, uint64_t *ret_now)
{
    struct text_list ids = {0};
    /* A snapshot begins with the first look at it. */
    sqlite3_stmt *stmt = tx_statement(tx, "SELECT number FROM vpc WHERE id = ?1");
    if (stmt != NULL)
        tx_bind_text(stmt, 1, vpc_id);
    while (tx_step(tx, stmt))
        ;
    *ret_now = tx->confirmed;
    if (tx->failed || since == 0 || !collect(tx_port_log(tx), a, vpc_id, since, &ids))
        return false;
    sort_once_each(&ids);
    *ret_ids = ids;
    return true;
}
