#include "core/hostname.h"

#include "base/text.h"

const char *hostname_of(struct arena *a, const char *prefix, const char *address)
{
    char *name = arena_printf(a, "%s-%s", prefix, address);
    for (char *p = name; *p != '\0'; p++)
        if (*p == '.')
            *p = '-';
    return name;
}

const char *hostname_of_instance(struct arena *a, const struct instance *i, const char *private_ip)
{
    return streq(i->hostname_type, "resource-name") ? i->id : hostname_of(a, "ip", private_ip);
}
