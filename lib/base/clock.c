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

void clock_sleep(int64_t milliseconds)
{
    struct timespec ts = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
        ;
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
    char text[64];
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)milliseconds);
    memcpy(out, text, CLOCK_ISO8601_SIZE - 1);
    out[CLOCK_ISO8601_SIZE - 1] = '\0';
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
