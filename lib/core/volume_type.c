#include "core/volume_type.h"

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"

struct range {
    int64_t min, max;
};

static const struct volume_type {
    const char *name;
    struct range size;
    struct range iops;       /* max 0: cannot be asked for */
    struct range throughput; /* likewise */
    int64_t iops_per_gib;    /* at most */
    bool needs_iops;
} types[] = {
    {"gp2", {1, 16384}, {0, 0}, {0, 0}, 0, false},
    {"gp3", {1, 65536}, {3000, 80000}, {125, 2000}, 500, false},
    {"io1", {4, 16384}, {100, 64000}, {0, 0}, 50, true},
    {"io2", {4, 65536}, {100, 256000}, {0, 0}, 1000, true},
    {"st1", {125, 16384}, {0, 0}, {0, 0}, 0, false},
    {"sc1", {125, 16384}, {0, 0}, {0, 0}, 0, false},
    {"standard", {1, 1024}, {0, 0}, {0, 0}, 0, false},
};

size_t volume_type_count(void)
{
    return ARRAY_SIZE(types);
}

const char *volume_type_name(size_t i)
{
    CHECK(i < ARRAY_SIZE(types));
    return types[i].name;
}

static const struct volume_type *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (streq(types[i].name, name))
            return &types[i];
    return NULL;
}

static int check(const char *what, const char *unit, int64_t value, const struct range *range,
                 struct fault *f)
{
    if (value < range->min)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Volume %s of %lld%s is too small; minimum is %lld%s.", what, (long long)value,
                     unit, (long long)range->min, unit);
    if (value > range->max)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Volume %s of %lld%s is too large; maximum is %lld%s.", what, (long long)value,
                     unit, (long long)range->max, unit);
    return 0;
}

/* What EC2 states of a type that cannot be asked for more (AWS: three a second for each GiB). */
static int64_t gp2_iops(int64_t size_gib)
{
    int64_t iops = 3 * size_gib;
    return iops < 100 ? 100 : iops > 16000 ? 16000 : iops;
}

static int settle_iops(const struct volume_type *t, struct volume_performance *p, struct fault *f)
{
    if (p->iops != 0 && t->iops.max == 0)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter iops is not supported for %s volumes.", t->name);
    if (p->iops == 0 && t->needs_iops)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The parameter iops must be specified for %s volumes.", t->name);
    if (p->iops == 0)
        p->iops = streq(t->name, "gp2") ? gp2_iops(p->size_gib) : t->iops.min;
    else if (check("iops", "", p->iops, &t->iops, f) < 0)
        return -1;
    /* The baseline of a type is its own at any size. */
    if (t->iops_per_gib > 0 && p->iops > t->iops.min && p->iops > t->iops_per_gib * p->size_gib)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Iops to volume size ratio of %lld is too high; maximum is %lld.",
                     (long long)(p->iops / p->size_gib), (long long)t->iops_per_gib);
    return 0;
}

static int settle_throughput(const struct volume_type *t, struct volume_performance *p,
                             struct fault *f)
{
    if (p->throughput != 0 && t->throughput.max == 0)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter throughput is not supported for %s volumes.", t->name);
    if (p->throughput == 0)
        p->throughput = t->throughput.min;
    else if (check("throughput", " MiB/s", p->throughput, &t->throughput, f) < 0)
        return -1;
    /* AWS: a quarter of a MiB for each operation, at most. */
    if (p->throughput > t->throughput.min && p->throughput * 4 > p->iops)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Throughput (MiB/s) to iops ratio of %.4f is too high; maximum is 0.25.",
                     (double)p->throughput / (double)p->iops);
    return 0;
}

bool volume_type_takes_iops(const char *volume_type)
{
    const struct volume_type *t = find(volume_type);
    return t != NULL && t->iops.max > 0;
}

int volume_performance_settle(struct volume_performance *p, struct fault *f)
{
    const struct volume_type *t = find(p->volume_type);
    if (t == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Unsupported volume type '%.64s'",
                     p->volume_type);
    if (check("size", "GiB", p->size_gib, &t->size, f) < 0 || settle_iops(t, p, f) < 0)
        return -1;
    return settle_throughput(t, p, f);
}
