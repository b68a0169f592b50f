#pragma once
/*
 * croftd's end of what it says to croft-metadata (calls.h): the feed of connections, and threads
 * that answer what is asked. croft-metadata may be restarted at any time: the link is made again.
 *
 * Threads: METADATA_ASKERS of its own call answer(). link_open() is one thread's; link_give() and
 * link_cut() are anybody's.
 */
#include "http/server.h"

struct link_config {
    const char *socket_path; /* copied */
    /*
     * As http_callbacks.handle, or, with a status, as render_error. The peer is what croft-metadata
     * says that it is, and no more than well-formed.
     */
    void (*answer)(void *ctx, const struct http_request *req, int status, const char *message,
                   struct http_response *resp);
    void *ctx;
};

struct metadata_link;

int link_new(const struct link_config *config, struct metadata_link **ret_link, struct err *e);
/*
 * Waits until croft-metadata takes connections. 0, with the descriptor that becomes readable when
 * it does no longer (still the link's); -ECANCELED: `wake` became readable.
 */
int link_open(struct metadata_link *l, int wake, int *ret_feed);
/* Hands a connection over; it is closed here in any case. -EPIPE: the link has to be opened. */
int link_give(struct metadata_link *l, int fd, const struct sockaddr_storage *from,
              uint32_t network);
/* Ends the connections from there. */
void link_cut(struct metadata_link *l, uint32_t network);
/* Waits for answers that are being made. NULL is fine. */
void link_free(struct metadata_link *l);
