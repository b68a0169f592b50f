#pragma once
/*
 * A packet sent to see what becomes of it: network_ops.probe() of the linux driver.
 *
 * It is put in where the source's own would come from: at the port of a guest, as though the guest
 * had sent it (tc's mirred hands it to the tap's ingress), or on the server's end of the VPC's
 * link. nftables traces it and the answer; rules of ours, in a table of their own, catch the answer
 * before it gets to the source, so that only the destination notices: one connection that begins
 * and is reset. All that is made for it is removed again, and what a crash left, by the next one.
 */
#include "network/network.h"

/* `namespace_fd` of the VPC in which the source is (or, from outside, the destination), peer_fd of
 * the other one, -1: none. */
int probe_run(struct arena *a, const struct net_probe *probe, int namespace_fd, int peer_fd,
              struct net_probed *ret, struct err *e);
