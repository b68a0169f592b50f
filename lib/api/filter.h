#pragma once
/*
 * Filters of Describe actions.
 *
 * A filter is a name and a path into the reply's own structure, so that a filter always sees what
 * the caller would be shown. A table lists them per action:
 *
 *     static const struct filter_path instance_filters[] = {
 *         {"instance-state-name", "State.Name"},
 *         {"block-device-mapping.volume-id", "BlockDeviceMappings.Ebs.VolumeId"},
 *         {"reservation-id", "^ReservationId"},          // ^: of the enclosing structure
 *         {"operator.managed", "=false"},                // =: the same for all, and not shown
 *         {"outpost-arn", NULL},                         // no item has any: it matches nothing
 *     };
 *
 * Lists along the path match when any element does. `tag:KEY` and `tag-key` work on the member Tags
 * (or TagSet) of every structure that has one. Values: any one matches (or); filters: all must
 * (and); `*`, `?` and `\` as in base/wildcard.h. Booleans, numbers and dates compare as
 * they are rendered. A name may stand in a table several times: any of its paths matches. (AWS:
 * "List and filter using the CLI and API".)
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/fault.h"
#include "wire/ec2_model.h"

#define FILTERS_MAX       50
#define FILTER_VALUES_MAX 200

struct filter_path {
    const char *name;
    const char *path;
};

struct filters {
    const struct ec2_FilterList *asked;
    const struct filter_path *paths;
    size_t n_paths;
    const struct wire_struct *shape;     /* of an item */
    const struct wire_struct *enclosing; /* of what ^ names; NULL: none */
};

/* Checks names and caps: InvalidParameterValue "The filter 'x' is invalid", FilterLimitExceeded. */
int filters_check(const struct filters *fs, struct fault *f);
/* The caps and the presence of values alone, for filters that an action matches by itself. */
int filters_check_values(const struct ec2_FilterList *asked, struct fault *f);
/* Does the item pass? `enclosing` may be NULL when no path has ^. */
bool filters_match(const struct filters *fs, const void *item, const void *enclosing);

/* struct filters for an action: FILTERS(in, instance_filters, Instance) */
#define FILTERS(in, table, shape_name)                                                             \
    ((struct filters){&(in)->filters, (table), ARRAY_SIZE(table), &ec2_##shape_name##_struct, NULL})
