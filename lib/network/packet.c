#include "network/packet.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define TTL    64
#define WINDOW 64240

#define IP_LENGTH   20
#define TCP_LENGTH  20
#define UDP_LENGTH  8
#define ECHO_LENGTH 8

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

/* RFC 1071. */
static uint32_t sum(const uint8_t *bytes, size_t len, uint32_t so_far)
{
    for (size_t i = 0; i < len; i++)
        so_far += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    return so_far;
}

static uint32_t folded(uint32_t so_far)
{
    while (so_far > 0xffff)
        so_far = (so_far >> 16) + (so_far & 0xffff);
    return ~so_far & 0xffff;
}

/* TCP and UDP count their addresses in. */
static uint32_t pseudo_header(const struct packet *p, size_t len)
{
    uint8_t addresses[8];
    put32(addresses, p->source);
    put32(addresses + 4, p->destination);
    return sum(addresses, sizeof(addresses), (uint32_t)p->protocol + (uint32_t)len);
}

/* The headers: RFC 9293, RFC 768, RFC 792, RFC 791. `out` is zeroed. */
static size_t build_tcp(const struct packet *p, uint8_t *out)
{
    put16(out, p->source_port);
    put16(out + 2, p->destination_port);
    put32(out + 4, p->sequence);
    out[12] = TCP_LENGTH / 4 << 4;
    out[13] = p->tcp_flags;
    put16(out + 14, WINDOW);
    put16(out + 16, folded(sum(out, TCP_LENGTH, pseudo_header(p, TCP_LENGTH))));
    return TCP_LENGTH;
}

static size_t build_udp(const struct packet *p, uint8_t *out)
{
    put16(out, p->source_port);
    put16(out + 2, p->destination_port);
    put16(out + 4, UDP_LENGTH);
    uint32_t check = folded(sum(out, UDP_LENGTH, pseudo_header(p, UDP_LENGTH)));
    put16(out + 6, check != 0 ? check : 0xffff); /* 0 means that there is none */
    return UDP_LENGTH;
}

static size_t build_echo(const struct packet *p, uint8_t *out)
{
    out[0] = ICMP_ECHO;
    put16(out + 4, p->source_port);
    put16(out + 6, 1);
    put16(out + 2, folded(sum(out, ECHO_LENGTH, 0)));
    return ECHO_LENGTH;
}

size_t packet_build(const struct packet *p, uint8_t out[PACKET_MAX])
{
    memset(out, 0, PACKET_MAX);
    uint8_t *ip = out + ETHER_HDR_LEN;
    uint8_t *payload = ip + IP_LENGTH;
    size_t len = p->protocol == IPPROTO_TCP   ? build_tcp(p, payload)
                 : p->protocol == IPPROTO_UDP ? build_udp(p, payload)
                                              : build_echo(p, payload);
    memcpy(out, p->to_mac, ETH_ALEN);
    memcpy(out + ETH_ALEN, p->from_mac, ETH_ALEN);
    put16(out + 2 * (size_t)ETH_ALEN, ETHERTYPE_IP);
    ip[0] = 4 << 4 | IP_LENGTH / 4;
    put16(ip + 2, IP_LENGTH + (uint32_t)len);
    put16(ip + 6, IP_DF);
    ip[8] = TTL;
    ip[9] = (uint8_t)p->protocol;
    put32(ip + 12, p->source);
    put32(ip + 16, p->destination);
    put16(ip + 10, folded(sum(ip, IP_LENGTH, 0)));
    return ETHER_HDR_LEN + IP_LENGTH + len;
}
