#include "journal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "base/log.h"

#define FIELDS_MAX   12
#define FIELD_PREFIX "CROFT_"
#define FIELD_SIZE   1024 /* longer values are whole in the message alone */
#define FIXED        3

static struct iovec piece(char *text, int len)
{
    return (struct iovec){text, (size_t)len};
}

/* "CROFT_REQUEST=..."; false: it does not fit. */
static bool render(const struct log_field *f, char *to, struct iovec *ret)
{
    int len = snprintf(to, FIELD_SIZE, FIELD_PREFIX "%.*s=%.*s", (int)f->key_len, f->key,
                       (int)f->value_len, f->value);
    if (len < 0 || len >= FIELD_SIZE)
        return false;
    for (size_t i = 0; i < sizeof(FIELD_PREFIX) - 1 + f->key_len; i++)
        to[i] = (char)toupper((unsigned char)to[i]);
    *ret = piece(to, len);
    return true;
}

static bool send(int priority, const char *message, size_t len)
{
    char text[sizeof("MESSAGE=") + 2048];
    char level[sizeof("PRIORITY=0")];
    static char identifier[] = "SYSLOG_IDENTIFIER=croftd";
    char rendered[FIELDS_MAX][FIELD_SIZE];
    struct log_field fields[FIELDS_MAX];
    struct iovec pieces[FIXED + FIELDS_MAX];
    size_t n = 0;
    int size = snprintf(text, sizeof(text), "MESSAGE=%.*s", (int)len, message);
    if (size < 0 || (size_t)size >= sizeof(text))
        return false;
    pieces[n++] = piece(text, size);
    pieces[n++] = piece(level, snprintf(level, sizeof(level), "PRIORITY=%d", priority % 8));
    pieces[n++] = piece(identifier, sizeof(identifier) - 1);
    text[size] = '\0';
    size_t found = log_fields(text + sizeof("MESSAGE=") - 1, fields, FIELDS_MAX);
    for (size_t i = 0; i < found; i++)
        n += render(&fields[i], rendered[i], &pieces[n]);
    return sd_journal_sendv(pieces, (int)n) == 0;
}

void journal_begin(void)
{
    if (getenv("JOURNAL_STREAM") != NULL)
        log_set_sink(send);
}
