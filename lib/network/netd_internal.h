#pragma once
/* What the files of croft-netd's work share. */
#include "network/netd_calls.h"

/*
 * Tells what the capture sees over the connection until that ends, the namespace goes, or nobody
 * reads. `ctx` of the capture is set here. The capture is closed.
 */
void netd_flows_tell(int socket, struct flow_capture *capture, int stop_fd);
extern const struct flow_listener netd_flows_listener;

/* The name of a tap follows from its interface: nobody else's is touched by a request for one. */
int netd_check_tap(const char *interface_id, const char *tap, struct err *e);
/* Interfaces are there once, with their taps and an address; routes have the targets that they
 * need. */
int netd_check_vpc(struct arena *a, const struct net_vpc *vpc, struct err *e);
int netd_check_part(const struct net_part *part, struct err *e);
