#pragma once
/*
 * Instance types: AWS's own names and sizes (instance_types.def), and the owner's from the
 * configuration.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many disks has the largest instance store, that of d2.8xlarge. */
#define STORE_DISKS_MAX   24
#define STORE_DISK_GB_MAX 7500
#define STORE_GB          INT64_C(1000000000) /* bytes: as EC2 counts instance stores */

struct instance_type {
    const char *name;         /* t3.micro */
    const char *architecture; /* x86_64, arm64 */
    int64_t vcpus;
    int64_t cores;
    int64_t memory_mib;
    const char *processor; /* as AWS names its maker */
    double clock_ghz;      /* sustained; 0: AWS says none */
    bool current_generation;
    bool burstable;
    bool nitro; /* hypervisor "nitro", else "xen" */
    bool ebs_optimized_default;
    int64_t store_disks;   /* of its instance store: lost at a stop, kept over a reboot */
    int64_t store_disk_gb; /* of each, in 10^9 bytes */
    int64_t max_interfaces;
    int64_t ipv4_per_interface;
    const char *network_performance; /* "Up to 5 Gigabit" */
};

struct instance_type_table {
    const struct instance_type *v; /* sorted by name */
    size_t n;
};

/* Cores, and threads of each, that a guest has unless it is told otherwise. */
int64_t instance_type_cores(const struct instance_type *t);
int64_t instance_type_threads_per_core(const struct instance_type *t);
/*
 * May a guest have so many cores with so many threads each? T2 takes none but its own. Elsewhere
 * threads may be turned off, and types with many cores take even numbers of them (AWS: "Supported
 * CPU options").
 */
bool instance_type_allows(const struct instance_type *t, int64_t cores, int64_t threads_per_core);

/* AWS's types. Static. */
struct instance_type_table instance_type_builtin(void);
/* NULL when there is none. */
const struct instance_type *instance_type_find(const struct instance_type_table *t,
                                               const char *name);
