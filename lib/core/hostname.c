#include "core/hostname.h"

const char *hostname_of(struct arena *a, const char *prefix, const char *address)
{
    char *name = arena_printf(a, "%s-%s", prefix, address);
    for (char *p = name; *p != '\0'; p++)
        if (*p == '.')
            *p = '-';
    return name;
}
