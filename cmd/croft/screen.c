#include "croft/screen.h"

#include <locale.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/clock.h"
#include "base/text.h"

#define PROGRESS_MAX 512

static struct {
    bool shown;              /* a line stands on the terminal */
    char last[PROGRESS_MAX]; /* what was said last, where lines cannot be written over */
} progress;

bool screen_is_terminal(FILE *f)
{
    return isatty(fileno(f)) == 1;
}

size_t screen_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t n;

    if (!screen_is_terminal(stdout))
        return WIDTH_UNLIMITED;
    if (columns != NULL && parse_int64(columns, &n) == 0 && n >= 20 && n <= 10000)
        return (size_t)n;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 80;
}

static bool coloured(FILE *f)
{
    const char *term = getenv("TERM");

    return str_empty(getenv("NO_COLOR")) && !streq(term, "dumb") && screen_is_terminal(f);
}

const char *screen_colour(FILE *f, enum colour colour)
{
    static const char *const sequences[] = {
        [COLOUR_NONE] = "",          [COLOUR_BOLD] = "\033[1m",    [COLOUR_DIM] = "\033[2m",
        [COLOUR_GREEN] = "\033[32m", [COLOUR_YELLOW] = "\033[33m", [COLOUR_RED] = "\033[31m",
    };
    return coloured(f) ? sequences[colour] : "";
}

const char *screen_plain(FILE *f)
{
    return coloured(f) ? "\033[0m" : "";
}

void screen_progress(int64_t since_ms, const char *format, ...)
{
    char text[PROGRESS_MAX];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (screen_is_terminal(stderr)) {
        struct winsize size = {0};
        int seconds = (int)((clock_monotonic() - since_ms) / 1000);
        int columns = 80;

        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
            columns = size.ws_col;
        /* A line that wraps could not be written over. */
        fprintf(stderr, "\r\033[K%.*s (%d s)", columns - 10, text, seconds);
        fflush(stderr);
        progress.shown = true;
    } else if (strcmp(text, progress.last) != 0) {
        fprintf(stderr, "%s\n", text);
        (void)snprintf(progress.last, sizeof(progress.last), "%s", text);
    }
}

void screen_progress_end(void)
{
    if (progress.shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress.shown = false;
    }
    progress.last[0] = '\0';
}

/* Decodes one character; yields its bytes (1 for a byte that is no UTF-8) and columns. */
static size_t character(const char *s, int *ret_columns)
{
    mbstate_t state = {0};
    wchar_t wide;
    size_t n;

    if (*s == '\0')
        return 0;
    n = mbrtowc(&wide, s, strnlen(s, 4), &state);
    if (n == 0 || n > 4) {
        *ret_columns = 1;
        return 1;
    }
    *ret_columns = wcwidth(wide) < 0 ? 0 : wcwidth(wide);
    return n;
}

size_t text_columns(const char *s)
{
    size_t total = 0;
    int columns;

    for (size_t n; (n = character(s, &columns)) > 0; s += n)
        total += (size_t)columns;
    return total;
}

char *text_harmless(struct arena *a, const char *s)
{
    char *copy = arena_strdup(a, s == NULL ? "" : s);

    text_defuse(copy, strlen(copy), '?');
    return copy;
}

char *text_cut(struct arena *a, const char *s, size_t limit)
{
    size_t used = 0, bytes = 0, n;
    int columns;

    if (text_columns(s) <= limit)
        return arena_strdup(a, s);
    while ((n = character(s + bytes, &columns)) > 0 && used + (size_t)columns + 1 <= limit) {
        used += (size_t)columns;
        bytes += n;
    }
    return arena_printf(a, "%.*s%s", (int)bytes, s, limit == 0 ? "" : "…");
}
