#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/policy_internal.h"
#include "base/text.h"

#define DIGITS "0123456789"

bool policy_read_number(const char *text, double *ret_number)
{
    char *end = NULL;
    if (text[strspn(text, DIGITS "+-.eE")] != '\0' || *text == '\0')
        return false;
    double number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

/* A number of so many digits, at most `max`, and what must stand behind it. */
static bool take(const char **at, int digits, char behind, int max, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = 10 * value + (**at - '0');
    }
    if (behind != '\0' && *(*at)++ != behind)
        return false;
    *ret_value = value;
    return value <= max;
}

/* "Z", "+01:00", "-08:00": in minutes. */
static bool take_offset(const char *at, int *ret_minutes)
{
    if (streq(at, "Z")) {
        *ret_minutes = 0;
        return true;
    }
    int sign = *at == '-' ? -1 : 1;
    int hours = 0;
    int minutes = 0;
    if (*at != '+' && *at != '-')
        return false;
    at++;
    if (!take(&at, 2, ':', 23, &hours) || !take(&at, 2, '\0', 59, &minutes))
        return false;
    *ret_minutes = sign * (60 * hours + minutes);
    return *at == '\0';
}

bool policy_read_date(const char *text, int64_t *ret_milliseconds)
{
    int64_t seconds = 0;
    if (parse_int64(text, &seconds) == 0) {
        if (seconds > INT64_MAX / 1000 || seconds < INT64_MIN / 1000)
            return false;
        *ret_milliseconds = seconds * 1000;
        return true;
    }
    struct tm tm = {0};
    int milliseconds = 0;
    int offset = 0;
    const char *at = text;
    if (!take(&at, 4, '-', 9999, &tm.tm_year) || !take(&at, 2, '-', 12, &tm.tm_mon) ||
        !take(&at, 2, '\0', 31, &tm.tm_mday) || tm.tm_mon == 0 || tm.tm_mday == 0)
        return false;
    if (*at != '\0') {
        if (*at++ != 'T' || !take(&at, 2, ':', 24, &tm.tm_hour) ||
            !take(&at, 2, '\0', 59, &tm.tm_min))
            return false;
        if (*at == ':') {
            at++;
            if (!take(&at, 2, '\0', 60, &tm.tm_sec))
                return false;
            size_t digits = *at == '.' ? strspn(at + 1, DIGITS) : 0;
            if (*at == '.' && digits == 0)
                return false;
            for (size_t i = 1, scale = 100; i <= digits; i++, scale /= 10)
                milliseconds += (at[i] - '0') * (int)scale;
            at += digits > 0 ? digits + 1 : 0;
        }
        if (!take_offset(at, &offset))
            return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon--;
    *ret_milliseconds = ((int64_t)timegm(&tm) - (int64_t)offset * 60) * 1000 + milliseconds;
    return true;
}

bool policy_read_block(const char *text, struct policy_block *ret_block)
{
    struct policy_block b = {.v4.length = 32, .v6.length = 128};
    b.is_ipv6 = strchr(text, ':') != NULL;
    if (b.is_ipv6 ? cidr6_parse(text, &b.v6) < 0 && ipv6_parse(text, &b.v6.address) < 0
                  : cidr_parse(text, &b.v4) < 0 && ipv4_parse(text, &b.v4.address) < 0)
        return false;
    if (b.is_ipv6)
        (void)cidr6_normalize(&b.v6);
    else
        (void)cidr_normalize(&b.v4);
    *ret_block = b;
    return true;
}

bool policy_read_bool(const char *text, bool *ret_value)
{
    *ret_value = strcasecmp(text, "true") == 0;
    return *ret_value || strcasecmp(text, "false") == 0;
}

bool policy_is_base64(const char *text)
{
    static const char digits[] = DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
    size_t len = strlen(text);
    size_t plain = strspn(text, digits);
    size_t padding = strspn(text + plain, "=");
    return len % 4 == 0 && plain + padding == len && padding <= 2;
}
