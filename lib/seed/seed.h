#pragma once
/*
 * The cloud-init seed of an instance: what NoCloud reads at boot.
 *
 * seed_build() is pure: facts in, four texts out, from the templates in cloud-init/ (compiled in; a
 * directory of the owner's own may replace them, all or some). seed_image_build() makes the disk
 * image (ISO 9660) from the texts. User data is passed on exactly as it was sent; all other values
 * go in quoted, and one with a control character in it is refused (-EINVAL).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define SEED_IMAGE_MAX (4 << 20) /* bytes */

/* An interface that the guest finds at its first boot. */
struct seed_interface {
    int64_t device_index; /* it is eth<device_index> */
    const char *mac;
    bool dhcp6;                   /* it has an address of IPv6 */
    const char *const *addresses; /* "172.31.0.11/20": those that DHCP does not give */
    size_t n_addresses;
};

struct seed_facts {
    const char *instance_id;
    const char *hostname;   /* ip-172-31-0-10, or i-… */
    const char *domain;     /* ec2.internal */
    const char *public_key; /* one OpenSSH line; NULL: none */
    const char *key_name;
    const char *mac;                         /* of the primary interface */
    const char *private_ip;                  /* of the primary interface */
    const struct seed_interface *interfaces; /* the primary first */
    size_t n_interfaces;
    int mtu;
    const char *region;
    const char *zone;
    const char *instance_type;
    const char *image_id;
    const char *user_data; /* decoded; NULL: none */
    size_t user_data_len;
};

struct seed_texts {
    const char *meta_data;
    const char *user_data;
    size_t user_data_len;
    const char *vendor_data;
    const char *network_config;
};

/* template_dir: NULL for the compiled-in templates. -EINVAL when a template names an unknown value.
 */
int seed_build(struct arena *a, const char *template_dir, const struct seed_facts *facts,
               struct seed_texts *ret_texts, struct err *e);
/* Appends the image (label cidata). */
int seed_image_build(const struct seed_texts *texts, struct buf *out, struct err *e);
