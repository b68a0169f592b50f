#include "croft/text_filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* The states of a terminal's own parser (ECMA-48), as far as they matter here. */
enum { TEXT, CHARACTER, ESCAPE, SEQUENCE, STRING, STRING_ESCAPE };

/*
 * The usual screen, no bracketed pastes, and a soft reset; for those without one, plain characters
 * and a cursor that is seen.
 */
const char text_filter_reset[] = "\033[?47l\033[?2004l\033[!p\033[0m\033[?25h\017";

/* Modes: keys of the cursor, wrapping, the cursor itself, the other screen, bracketed pastes. */
static bool is_private_mode(long mode)
{
    static const long modes[] = {1, 7, 12, 25, 47, 1047, 1048, 1049, 2004};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (modes[i] == mode)
            return true;
    return false;
}

static bool are_modes(const char *numbers, bool is_private)
{
    for (;; numbers++) {
        char *end = NULL;
        long mode = strtol(numbers, &end, 10);
        if (end == numbers || !(is_private ? is_private_mode(mode) : mode == 4))
            return false;
        if (*end == '\0')
            return true;
        numbers = end;
    }
}

/* What stands between CSI and the last byte, and that. */
static bool draws(const char *numbers, char last)
{
    bool is_private = *numbers == '?';
    numbers += is_private;
    if (strspn(numbers, "0123456789;:") != strlen(numbers))
        return false;
    if (last == 'h' || last == 'l')
        return are_modes(numbers, is_private);
    if (is_private)
        return last == 'J' || last == 'K';
    if (last ==
        'n') /* where the cursor is, which programs on a serial line ask to learn the size */
        return streq(numbers, "6");
    return last != '\0' && strchr("@ABCDEFGHIJKLMPSTXZ`abdefgmrsu", last) != NULL;
}

static size_t give(struct text_filter *f, bool passes, char *out)
{
    size_t n = passes ? f->n : 0;
    memcpy(out, f->held, n);
    f->n = 0;
    f->state = TEXT;
    return n;
}

static void hold(struct text_filter *f, unsigned char c)
{
    /* One byte stays free for the end of a string; what did not fit cannot become valid again. */
    if (f->n < sizeof(f->held) - 1)
        f->held[f->n++] = (char)c;
    else
        f->held[1] = '\0';
}

static size_t escape(struct text_filter *f, unsigned char c, char *out)
{
    hold(f, c);
    if (c == 0x1b) {
        f->n = 1;
    } else if (f->n == 2 && c == '[') {
        f->state = SEQUENCE;
    } else if (f->n == 2 && c != '\0' && strchr("]PX^_", c) != NULL) {
        f->n = 0;
        f->state = STRING;
    } else if (c < 0x20 || c > 0x2f) { /* intermediate bytes go on */
        bool sets = f->n == 3 && (f->held[1] == '(' || f->held[1] == ')') && strchr("AB0", c);
        bool plain = f->n == 2 && strchr("78DEHM=>c", c) != NULL;
        return give(f, f->session && c != '\0' && (sets || plain), out);
    }
    return 0;
}

static size_t sequence(struct text_filter *f, unsigned char c, char *out)
{
    if (c == 0x1b) {
        f->n = 1;
        f->held[0] = (char)c;
        f->state = ESCAPE;
        return 0;
    }
    if (c >= 0x40 && c <= 0x7e) {
        f->held[f->n] = '\0';
        bool passes = f->session && f->held[1] == '[' && f->n < sizeof(f->held) - 1 &&
                      draws(f->held + 2, (char)c);
        hold(f, c);
        return give(f, passes, out);
    }
    hold(f, c);
    if (c < 0x20 || c > 0x3f) /* a terminal would obey a control in here, or end the sequence */
        f->held[1] = '-';     /* never passes */
    return 0;
}

/* A line end ends a string, too: a guest that dies in one would hide all that follows. */
static void string(struct text_filter *f, unsigned char c)
{
    if (f->state == STRING_ESCAPE)
        f->state = c == '\\' ? TEXT : STRING;
    else if (c == 0x07 || c == '\n')
        f->state = TEXT;
    else if (c == 0x1b)
        f->state = STRING_ESCAPE;
}

/* The controls of C1 begin what ESC and another byte begin. */
static size_t whole_character(struct text_filter *f, char *out)
{
    unsigned char second = (unsigned char)f->held[1];
    if (f->n != 2 || (unsigned char)f->held[0] != 0xc2 || second > 0x9f)
        return give(f, true, out);
    f->n = 0;
    f->state = TEXT;
    if (second == 0x9b) {
        f->state = SEQUENCE;
        f->n = 2;
        memcpy(f->held, "\033-", 2); /* never passes */
    } else if (strchr("\x90\x98\x9d\x9e\x9f", second) != NULL) {
        f->state = STRING;
    }
    return 0;
}

static size_t text(struct text_filter *f, unsigned char c, char *out)
{
    if (c >= 0x80) {
        f->state = CHARACTER;
        hold(f, c);
        return 0;
    }
    if (c == 0x1b) {
        f->state = ESCAPE;
        hold(f, c);
        return 0;
    }
    /* A bell, a step back, and the other set of characters are for who types there. */
    bool passes = (c >= 0x20 && c != 0x7f) || strchr("\n\t\r", c) != NULL ||
                  (f->session && strchr("\a\b\v\f\016\017", c) != NULL);
    if (!passes || c == '\0')
        return 0;
    *out = (char)c;
    return 1;
}

static size_t character_length(unsigned char first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

static size_t character(struct text_filter *f, unsigned char c, char *out)
{
    size_t n = 0;
    if ((c & 0xc0) != 0x80 || (unsigned char)f->held[0] < 0xc2) { /* it is none, and c is another */
        out[n++] = '?';
        f->n = 0;
        f->state = TEXT;
        return n + text(f, c, out + n);
    }
    hold(f, c);
    if (f->n < character_length((unsigned char)f->held[0]))
        return 0;
    if (text_is_clean_utf8(f->held, f->n))
        return whole_character(f, out);
    f->n = 0;
    f->state = TEXT;
    *out = '?';
    return 1;
}

size_t text_filter(struct text_filter *f, const char *data, size_t len, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        switch (f->state) {
        case CHARACTER:
            n += character(f, c, out + n);
            break;
        case ESCAPE:
            n += escape(f, c, out + n);
            break;
        case SEQUENCE:
            n += sequence(f, c, out + n);
            break;
        case STRING:
        case STRING_ESCAPE:
            string(f, c);
            break;
        default:
            n += text(f, c, out + n);
        }
    }
    return n;
}
