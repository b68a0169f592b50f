#pragma once
/*
 * What a job is going to do, worked out from rows alone: the disks, the seed, the domain, the
 * network of a VPC, and the rows that an end leaves. Nothing here touches the machine. The jobs
 * carry a plan out and explain.h tells it, so that what is told is what is done.
 *
 * Of the config only paths, templates and the MTU are looked at, and of its storage only the
 * functions that name paths.
 */
#include "jobs/jobs.h"
#include "seed/seed.h"
#include "store/queries.h"

#define PLAN_SEED_FILE "seed.img" /* in the instance's directory */

/* An instance with what belongs to it. */
struct instance_facts {
    struct instance *instance;                /* NULL: there is none */
    struct volume_list volumes;               /* attached ones */
    struct layer_list *chains;                /* of each of them */
    struct network_interface_list interfaces; /* in the order of their device indexes */
    /* Of each of them: its subnet, and its addresses beside the first, in order. */
    const struct subnet **subnets;
    struct interface_address_list *addresses;
    const char *name_tag; /* NULL: none */
};

struct instance_facts instance_facts_read(struct tx *tx, struct arena *a, const char *instance_id);
/* The one with device index 0, or NULL. */
const struct network_interface *instance_primary_interface(const struct instance_facts *facts);

/* Does a start make the file of this volume, an end remove it? */
bool plan_makes_volume(const struct volume *v);
bool plan_removes_volume(const struct volume *v);
/* A layer (NULL: none) and what it stands on, from the top down. */
struct layer_list plan_chain(struct tx *tx, struct arena *a, const char *layer_id);
/* What a layer stands on: another, or an image; NULL: nothing. */
const char *plan_layer_below(const struct layer *layer);
/* May a guest have the volume? Not while it is being frozen, or data of its layers is copied. */
bool plan_is_at_rest(const struct volume *v, const struct layer_list *chain);
/*
 * The volume's disk, for a domain; its target, whether it is booted from and the text of its key
 * are left open.
 */
struct domain_disk *plan_disk(const struct jobs_config *config, struct arena *a,
                              const struct volume *v, const struct layer_list *chain);
/* What the guest sees as the disk's serial. */
const char *plan_disk_serial(struct arena *a, const char *volume_id);
int plan_seed(const struct jobs_config *config, struct arena *a, const struct instance_facts *facts,
              struct seed_texts *ret_texts, struct err *e);
const struct domain_spec *plan_domain(const struct jobs_config *config, struct arena *a,
                                      const struct instance_facts *facts,
                                      const struct host_info *host);
/* False: there is no such VPC, or the transaction has failed. */
bool plan_vpc(struct tx *tx, struct arena *a, const char *vpc_id, struct net_vpc *ret_vpc);
/* The same, but of its interfaces those of the part alone: however many it has, it costs the same.
 */
bool plan_vpc_part(struct tx *tx, struct arena *a, const char *vpc_id, const struct net_part *part,
                   struct net_vpc *ret_vpc);
/* Was the machine asked for the VPC's network, and has not followed? What the rows say of it is
 * then not claimed to be in force (docs/decisions/0021). */
bool plan_vpc_has_failed(struct tx *tx, struct arena *a, const char *vpc_id);
/*
 * What a route of this VPC's does: a black hole when its target has gone, is not attached or not
 * available (AWS: "Route table concepts"). An interface is a target while an instance has it,
 * running or not: packets for one that does not run end at its port.
 */
enum net_route_kind plan_route_kind(struct tx *tx, struct arena *a, const char *vpc_id,
                                    const struct route *route);
/*
 * What EC2 shows as its state. That of a gateway endpoint is active and is not in the kernel. None
 * of the others is claimed to be active while the VPC's network could not be made as its rows say.
 */
bool plan_route_is_active(struct tx *tx, struct arena *a, const char *vpc_id,
                          const struct route *route);

/* Rows, when an instance has stopped: a public address lasts from start to stop (AWS: "Amazon EC2
 * instance IP addressing"). Interfaces that were on their way to or from it are there. */
void plan_give_back_addresses(struct tx *tx, struct arena *a, const char *instance_id);
/* Rows, when it is terminated: what is to go with it goes, the rest is free again. */
void plan_let_go_interfaces(struct tx *tx, struct arena *a, const char *instance_id);
/* The volume is nobody's any more, and available. */
void plan_release_volume(struct tx *tx, struct volume *v);
void plan_let_go_volumes(struct tx *tx, struct arena *a, const char *instance_id);
