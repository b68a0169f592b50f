#pragma once
/* Messages of rtnetlink, for the files that make them. */
#include <linux/rtnetlink.h>

#include "network/rtnl.h"

#define RTNL_REQUEST_MAX 1024
#define RTNL_ENTRIES_MAX 262144 /* of a dump */

/* What we make is marked as made by an administrator (ip route: proto static). */
#define RTNL_OUR_PROTOCOL RTPROT_STATIC

struct rtnl_request {
    struct nlmsghdr header;
    char body[RTNL_REQUEST_MAX];
};

/* Returns the room for the message's own header of `size` bytes. */
void *rtnl_begin(struct rtnl_request *q, uint16_t type, uint16_t flags, size_t size);
struct rtattr *rtnl_put(struct rtnl_request *q, uint16_t type, const void *data, size_t len);
void rtnl_put_text(struct rtnl_request *q, uint16_t type, const char *s);
void rtnl_put_u32(struct rtnl_request *q, uint16_t type, uint32_t value);
void rtnl_nest_end(struct rtnl_request *q, struct rtattr *nest);

typedef int rtnl_answer_fn(const struct nlmsghdr *m, void *data);

/* Sends and reads until the end of the answer, acknowledgement or dump: 0 or -errno. */
int rtnl_talk(struct rtnl *r, struct rtnl_request *q, rtnl_answer_fn *each, void *data);
int rtnl_change(struct rtnl *r, struct rtnl_request *q);

unsigned char rtnl_family_of(bool is_ipv6);
void rtnl_put_ip(struct rtnl_request *q, uint16_t type, const struct net_ip *ip);
/* Of an attribute that is too short: an address of zeros. */
void rtnl_get_ip(const struct rtattr *at, bool is_ipv6, struct net_ip *ip);
/* Does the answer mean that what was to go is not there? */
bool rtnl_is_missing(int result);
