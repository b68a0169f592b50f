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

const char *hostname_by_type(struct arena *a, const char *hostname_type, const char *instance_id,
                             const char *private_ip)
{
    return streq(hostname_type, "resource-name") ? instance_id : hostname_of(a, "ip", private_ip);
}

const char *hostname_of_instance(struct arena *a, const struct instance *i, const char *private_ip)
{
    return hostname_by_type(a, i->hostname_type, i->id, private_ip);
}
