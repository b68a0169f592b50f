#include "core/room.h"

int64_t room_free(const struct room *r)
{
    return r->size - r->promised;
}

int64_t room_present(const struct room *r)
{
    return r->size - (r->promised - r->held - r->waiting);
}

int64_t room_on_demand(const struct room *r)
{
    return room_free(r) + r->spot;
}

int64_t room_short(const struct room *r)
{
    int64_t lacks = r->promised - r->ending - r->size;
    return r->waiting > 0 && lacks > 0 ? lacks : 0;
}

bool room_takes(const struct room *r, int64_t mib)
{
    return r->promised - r->waiting + mib <= r->size;
}
