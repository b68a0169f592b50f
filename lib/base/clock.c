#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now(clockid_t id)
{
    struct timespec ts;
    (void)clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_now(void)
{
    return now(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
    return now(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_us(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void clock_sleep(int64_t milliseconds)
{
    struct timespec ts = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
        ;
}

/* `value` in so many digits, and what follows it; by hand, because replies are full of times. */
static char *put_digits(char *to, int value, int digits, char then)
{
    for (int i = digits; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    to[digits] = then;
    return to + digits + 1;
}

void clock_format_iso8601(int64_t when, char out[CLOCK_ISO8601_SIZE])
{
    int64_t seconds = when / 1000;
    int64_t milliseconds = when % 1000;
    if (milliseconds < 0) {
        milliseconds += 1000;
        seconds--;
    }
    /* Outside the years 0-9999 the text would not fit; nothing we store comes from there. */
    if (seconds < -62167219200 || seconds > 253402300799)
        seconds = 0;
    struct tm tm;
    time_t t = (time_t)seconds;
    (void)gmtime_r(&t, &tm);
    char *to = put_digits(out, tm.tm_year + 1900, 4, '-');
    to = put_digits(to, tm.tm_mon + 1, 2, '-');
    to = put_digits(to, tm.tm_mday, 2, 'T');
    to = put_digits(to, tm.tm_hour, 2, ':');
    to = put_digits(to, tm.tm_min, 2, ':');
    to = put_digits(to, tm.tm_sec, 2, '.');
    to = put_digits(to, (int)milliseconds, 3, 'Z');
    *to = '\0';
}

int clock_parse_iso8601(const char *text, int64_t *ret_when)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL)
        return -EINVAL;
    int64_t milliseconds = 0;
    if (*rest == '.') {
        int64_t scale = 100;
        const char *digits = ++rest;
        for (; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            milliseconds += (*rest - '0') * scale;
        if (rest == digits)
            return -EINVAL;
    }
    int64_t offset = 0;
    if (*rest == 'Z') {
        rest++;
    } else if (*rest == '+' || *rest == '-') {
        int hours = 0;
        int minutes = 0;
        int used = 0;
        /* Two digits each: no value is out of range for an int. */
        // NOLINTNEXTLINE(cert-err34-c)
        if (sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || hours > 14 ||
            minutes > 59)
            return -EINVAL;
        offset = ((int64_t)hours * 60 + minutes) * (*rest == '+' ? 60 : -60);
        rest += 1 + used;
    }
    if (*rest != '\0')
        return -EINVAL;
    *ret_when = ((int64_t)timegm(&tm) - offset) * 1000 + milliseconds;
    return 0;
}
