#pragma once
/* Frames of IPv4, as a probe sends them. Pure. */
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 128

struct packet {
    uint8_t from_mac[6];
    uint8_t to_mac[6];
    uint32_t source; /* host byte order, as the ports */
    uint32_t destination;
    int protocol;         /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP */
    uint16_t source_port; /* of an echo request its identifier */
    uint16_t destination_port;
    uint32_t sequence; /* of tcp */
    uint8_t tcp_flags;
};

/* Writes the frame into `out`; its length. */
size_t packet_build(const struct packet *p, uint8_t out[PACKET_MAX]);
