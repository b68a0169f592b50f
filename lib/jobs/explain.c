#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "jobs/explain_internal.h"

#define WORD_OK                                                                                    \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"                               \
    "_-./,:=@%+"
#define COMMAND_MAX ((size_t)16 << 10)
/* Later than any number that is not a time in milliseconds. */
#define FIRST_TIME 100000000000

/* --- pieces */

struct croft_ExplainedStep *tell_step(struct telling *t, const char *format, ...)
{
    va_list ap;
    struct croft_ExplainedStep *step = arena_append(t->a, &t->out->steps);
    va_start(ap, format);
    step->title = arena_vprintf(t->a, format, ap);
    va_end(ap);
    return step;
}

void tell_command(struct telling *t, struct croft_ExplainedStep *step, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    *arena_append(t->a, &step->commands) = arena_vprintf(t->a, format, ap);
    va_end(ap);
}

static void add_quoted(struct buf *out, const char *word)
{
    if (*word != '\0' && word[strspn(word, WORD_OK)] == '\0') {
        buf_add_str(out, word);
        return;
    }
    buf_add_char(out, '\'');
    for (const char *p = word; *p != '\0'; p++)
        if (*p == '\'')
            buf_add_str(out, "'\\''");
        else
            buf_add_char(out, *p);
    buf_add_char(out, '\'');
}

void tell_argv(struct telling *t, struct croft_ExplainedStep *step, const char *const *argv)
{
    _cleanup_buf_ struct buf line = BUF_INIT(COMMAND_MAX);
    for (size_t i = 0; argv[i] != NULL; i++) {
        buf_add_str(&line, i > 0 ? " " : "");
        add_quoted(&line, argv[i]);
    }
    tell_command(t, step, "%s", line.failed ? argv[0] : buf_str(&line));
}

void tell_file(struct telling *t, struct croft_ExplainedStep *step, const char *path,
               const char *content)
{
    struct croft_ExplainedFile *file = arena_append(t->a, &step->files);
    *file = (struct croft_ExplainedFile){path, content == NULL ? "remove" : "write", content};
    if (content == NULL || strlen(content) <= EXPLAIN_FILE_MAX)
        return;
    size_t len = EXPLAIN_FILE_MAX;
    while (len > 0 && content[len - 1] != '\n')
        len--;
    file->content = arena_strndup(t->a, content, len);
    tell_remark(t, step, "%s is shown up to its first %zu of %zu bytes", path, len,
                strlen(content));
}

void tell_remark(struct telling *t, struct croft_ExplainedStep *step, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    *arena_append(t->a, &step->notes) = arena_vprintf(t->a, format, ap);
    va_end(ap);
}

void tell_note(struct telling *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    *arena_append(t->a, &t->out->notes) = arena_vprintf(t->a, format, ap);
    va_end(ap);
}

/* --- rows */

bool is_own(const struct telling *t, const struct table *table, const void *row)
{
    const char *account = row_text(table, t->a, row, "account_id");
    return account == NULL || streq(account, t->call->account_id);
}

/* Times are milliseconds in the store and dates for people. */
static const char *shown(struct arena *a, const struct column *c, const void *row)
{
    const char *text = row == NULL ? NULL : column_text(c, a, row);
    int64_t number = 0;
    if (c->kind != COLUMN_INT || text == NULL || parse_int64(text, &number) < 0 ||
        number < FIRST_TIME)
        return text;
    char time[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(number, time);
    return arena_strdup(a, time);
}

/* A time that is not there is 0. */
static bool is_no_time(const struct column *c, const char *text, const char *other)
{
    return c->kind == COLUMN_INT && streq(text, "0") && other != NULL && strchr(other, 'T') != NULL;
}

/* What says nothing about a row that comes or goes. */
static bool says_nothing(const struct column *c, const char *text)
{
    return str_empty(text) || (c->kind == COLUMN_INT && streq(text, "0")) ||
           (c->kind == COLUMN_BOOL && streq(text, "false")) || streq(c->name, "account_id") ||
           streq(c->name, "region");
}

static void tell_columns(struct telling *t, const struct change *change,
                         struct croft_ExplainedObject *object)
{
    for (size_t i = change->table->n_key; i < change->table->n_columns; i++) {
        const struct column *c = &change->table->columns[i];
        const char *before = shown(t->a, c, change->before);
        const char *after = shown(t->a, c, change->after);
        if (change->before != NULL && change->after != NULL
                ? streq(before, after)
                : says_nothing(c, change->after != NULL ? after : before))
            continue;
        if (is_no_time(c, before, after))
            before = NULL;
        else if (is_no_time(c, after, before))
            after = NULL;
        struct croft_ExplainedMember *member = arena_append(t->a, &object->members);
        *member = c->quiet
                      ? (struct croft_ExplainedMember){.name = c->name, .quiet = wire_bool(true)}
                      : (struct croft_ExplainedMember){c->name, before, after, {0}};
    }
}

static const char *key_of(struct arena *a, const struct change *change)
{
    const void *row = change->after != NULL ? change->after : change->before;
    const char *key = NULL;
    for (size_t i = 0; i < change->table->n_key; i++) {
        const char *part = column_text(&change->table->columns[i], a, row);
        key = key == NULL ? part : arena_printf(a, "%s %s", key, part);
    }
    return key;
}

void tell_rows(struct telling *t, const struct changes *changes)
{
    static const char *const names[] = {
        [CHANGE_INSERT] = "insert", [CHANGE_UPDATE] = "update", [CHANGE_DELETE] = "delete"};
    size_t left_off = changes->left_off;
    size_t foreign = 0;
    for (size_t i = 0; i < changes->rows.n; i++) {
        const struct change *change = &changes->rows.v[i];
        if (!is_own(t, change->table, change->after != NULL ? change->after : change->before)) {
            foreign++;
            continue;
        }
        if (t->out->objects.n == EXPLAIN_OBJECTS_MAX) {
            left_off++;
            continue;
        }
        struct croft_ExplainedObject *object = arena_append(t->a, &t->out->objects);
        *object = (struct croft_ExplainedObject){.kind = change->table->name,
                                                 .id = key_of(t->a, change),
                                                 .change = names[change_kind(change)]};
        tell_columns(t, change, object);
    }
    if (left_off > 0)
        tell_note(t, "%zu more rows change; the first %d are shown", left_off, EXPLAIN_OBJECTS_MAX);
    if (foreign > 0)
        tell_note(t, "Rows of other accounts that change, too, and are not shown: %zu", foreign);
}

/* --- the whole */

static void tell_reads(struct telling *t, const struct changes *changes)
{
    const char *list = NULL;
    for (size_t i = 0; i < changes->reads.n; i++) {
        const struct rows_read *read = &changes->reads.v[i];
        list = arena_printf(t->a, "%s%s%zu %s", list == NULL ? "" : list, list == NULL ? "" : ", ",
                            read->n, read->table->name);
    }
    if (list != NULL)
        tell_note(t, "Rows read: %s", list);
}

static void tell_jobs(struct telling *t, const struct changes *changes)
{
    const char *others = NULL;
    size_t n_others = 0;
    t->before = store_read(t->call->config->store);
    tx_try(t->tx);
    for (size_t i = 0; i < changes->jobs.n; i++) {
        const struct enqueued *job = &changes->jobs.v[i];
        if (i < EXPLAIN_JOBS_MAX || streq(job->kind, "spot")) { /* there is one of those */
            tell_job(t, job);
            continue;
        }
        n_others++;
        if (n_others <= EXPLAIN_OBJECTS_MAX)
            others = arena_printf(t->a, "%s%s%s", others == NULL ? "" : others,
                                  others == NULL ? "" : ", ", job->object_id);
    }
    tx_undo(t->tx);
    tx_end(t->before);
    if (n_others > 0)
        tell_note(t, "The same is done for %zu more: %s%s", n_others, others,
                  n_others > EXPLAIN_OBJECTS_MAX ? ", …" : "");
}

/* "RunInstances inserts 5 rows and hands 1 job to the workers" */
static const char *summary(struct telling *t, const struct changes *changes)
{
    static const struct {
        const char *verb;
        const char *noun;
        const char *end;
    } words[] = {
        [CHANGE_INSERT] = {"insert", "row", ""},
        [CHANGE_UPDATE] = {"update", "row", ""},
        [CHANGE_DELETE] = {"delete", "row", ""},
        {"hand", "job", " to the workers"},
    };
    size_t n[ARRAY_SIZE(words)] = {0};
    for (size_t i = 0; i < changes->rows.n; i++)
        n[change_kind(&changes->rows.v[i])]++;
    n[ARRAY_SIZE(words) - 1] = changes->jobs.n;
    size_t last = ARRAY_SIZE(words);
    for (size_t k = 0; k < ARRAY_SIZE(words); k++)
        last = n[k] > 0 ? k : last;
    bool dry = t->call->dry_run;
    const char *list = NULL;
    for (size_t k = 0; k < ARRAY_SIZE(words); k++)
        if (n[k] > 0)
            list = arena_printf(t->a, "%s%s%s%s %zu %s%s%s", list == NULL ? "" : list,
                                list == NULL ? ""
                                : k == last  ? " and "
                                             : ", ",
                                words[k].verb, dry ? "" : "s", n[k], words[k].noun,
                                n[k] == 1 ? "" : "s", words[k].end);
    return arena_printf(t->a, "%s %s%s", t->call->action, dry ? "would " : "",
                        list != NULL ? list
                        : dry        ? "change nothing"
                                     : "changes nothing");
}

const struct croft_Explanation *explain(const struct explain_call *call, struct tx *tx,
                                        const struct changes *changes, struct arena *a)
{
    struct croft_Explanation *x = arena_new_of(a, struct croft_Explanation);
    struct telling t = {.call = call, .a = a, .tx = tx, .out = x};
    x->action = call->action;
    x->dry_run = wire_bool(call->dry_run);
    x->summary = summary(&t, changes);
    tell_rows(&t, changes);
    if (changes->jobs.n > 0)
        tell_jobs(&t, changes);
    if (changes->rows.n == 0)
        tell_reads(&t, changes);
    for (size_t i = 0; i < call->ids.n && i < EXPLAIN_JOBS_MAX; i++)
        tell_standing(&t, call->ids.v[i]);
    x->text = explain_text(a, x);
    return x;
}
