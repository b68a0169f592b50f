#pragma once
/*
 * Time. Wall-clock time is int64_t milliseconds since 1970 (UTC) everywhere in Croft; waits use the
 * monotonic clock.
 */
#include <stddef.h>
#include <stdint.h>

#define CLOCK_ISO8601_SIZE 25 /* 2026-01-02T03:04:05.678Z and its NUL */

int64_t clock_now(void);
int64_t clock_monotonic(void);
int64_t clock_monotonic_us(void); /* microseconds, to measure with */
void clock_sleep(int64_t milliseconds);
/* Writes with milliseconds, as EC2 does. */
void clock_format_iso8601(int64_t when, char out[CLOCK_ISO8601_SIZE]);
/* Reads "2024-01-02T03:04:05Z", with or without a fraction and with +hh:mm; 0 or -EINVAL. */
int clock_parse_iso8601(const char *text, int64_t *ret_when);
