#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "jobs/explain_internal.h"

#define TEXT_MAX ((size_t)1 << 20)

static const char *or_none(const char *value)
{
    return str_empty(value) ? "none" : value;
}

/* Values stand one below the other. */
static void add_object(struct buf *out, const struct croft_ExplainedObject *o)
{
    int width = 0;
    buf_printf(out, "  %s %s %s\n",
               streq(o->change, "insert")   ? "+"
               : streq(o->change, "delete") ? "-"
                                            : "~",
               o->kind, o->id);
    for (size_t i = 0; i < o->members.n; i++)
        if ((int)strlen(o->members.v[i].name) > width)
            width = (int)strlen(o->members.v[i].name);
    for (size_t i = 0; i < o->members.n; i++) {
        const struct croft_ExplainedMember *m = &o->members.v[i];
        buf_printf(out, "      %-*s  ", width, m->name);
        if (wire_true(m->quiet))
            buf_add_str(out, "(not shown)");
        else if (streq(o->change, "update"))
            buf_printf(out, "%s -> %s", or_none(m->before), or_none(m->after));
        else
            buf_add_str(out, m->after != NULL ? m->after : m->before);
        buf_add_char(out, '\n');
    }
}

static void add_content(struct buf *out, const char *content)
{
    for (const char *p = content; *p != '\0';) {
        size_t len = strcspn(p, "\n");
        buf_printf(out, "     |%s%.*s\n", len > 0 ? " " : "", (int)len, p);
        p += len + (p[len] == '\n');
    }
}

static void add_step(struct buf *out, size_t number, const struct croft_ExplainedStep *step)
{
    buf_printf(out, "\n %zu. %s\n", number, step->title);
    for (size_t i = 0; i < step->files.n; i++) {
        const struct croft_ExplainedFile *f = &step->files.v[i];
        buf_printf(out, "    %s%s\n", f->path, f->content == NULL ? "  (removed)" : "");
        if (f->content != NULL)
            add_content(out, f->content);
    }
    for (size_t i = 0; i < step->commands.n; i++)
        buf_printf(out, "    $ %s\n", step->commands.v[i]);
    for (size_t i = 0; i < step->notes.n; i++)
        buf_printf(out, "    (%s)\n", step->notes.v[i]);
}

const char *explain_text(struct arena *a, const struct croft_Explanation *x)
{
    _cleanup_buf_ struct buf out = BUF_INIT(TEXT_MAX);
    bool dry = wire_true(x->dry_run);
    buf_printf(&out, "%s%s.\n", x->summary, dry ? " (a dry run: nothing is changed)" : "");
    buf_add_str(&out, x->objects.n > 0 ? "\n" : "");
    for (size_t i = 0; i < x->objects.n; i++)
        add_object(&out, &x->objects.v[i]);
    if (x->steps.n > 0 && has_prefix(x->steps.v[0].title, EXPLAIN_STANDS))
        buf_add_str(&out, "\nIn force:\n");
    else if (x->steps.n > 0 && has_prefix(x->steps.v[0].title, EXPLAIN_WANTED))
        buf_add_str(&out, "\nNot in force:\n");
    else if (x->steps.n > 0)
        buf_printf(&out, "\nThe workers %sthen:\n", dry ? "would " : "");
    for (size_t i = 0; i < x->steps.n; i++)
        add_step(&out, i + 1, &x->steps.v[i]);
    buf_add_str(&out, x->notes.n > 0 ? "\n" : "");
    for (size_t i = 0; i < x->notes.n; i++)
        buf_printf(&out, "%s.\n", x->notes.v[i]);
    if (out.failed)
        return "The explanation is longer than this text may be; its parts are beside it.\n";
    return arena_strndup(a, buf_str(&out), out.len);
}
