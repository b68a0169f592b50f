#include "network/packet.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#define TTL    64
#define WINDOW 64240

/* RFC 1071. */
static uint32_t sum(const void *data, size_t len, uint32_t so_far)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        so_far += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    return so_far;
}

static uint16_t folded(uint32_t so_far)
{
    while (so_far > 0xffff)
        so_far = (so_far >> 16) + (so_far & 0xffff);
    return htons((uint16_t)~so_far);
}

/* TCP and UDP count their addresses in. */
static uint32_t pseudo_header(const struct packet *p, size_t len)
{
    const uint32_t words[] = {htonl(p->source), htonl(p->destination)};
    return sum(words, sizeof(words), (uint32_t)p->protocol + (uint32_t)len);
}

static size_t build_tcp(const struct packet *p, uint8_t *out)
{
    struct tcphdr h;
    memset(&h, 0, sizeof(h));
    h.th_sport = htons(p->source_port);
    h.th_dport = htons(p->destination_port);
    h.th_seq = htonl(p->sequence);
    h.th_off = sizeof(h) / 4;
    h.th_flags = p->tcp_flags;
    h.th_win = htons(WINDOW);
    h.th_sum = folded(sum(&h, sizeof(h), pseudo_header(p, sizeof(h))));
    memcpy(out, &h, sizeof(h));
    return sizeof(h);
}

static size_t build_udp(const struct packet *p, uint8_t *out)
{
    struct udphdr h;
    memset(&h, 0, sizeof(h));
    h.uh_sport = htons(p->source_port);
    h.uh_dport = htons(p->destination_port);
    h.uh_ulen = htons(sizeof(h));
    h.uh_sum = folded(sum(&h, sizeof(h), pseudo_header(p, sizeof(h))));
    if (h.uh_sum == 0)
        h.uh_sum = 0xffff; /* RFC 768: 0 means that there is none */
    memcpy(out, &h, sizeof(h));
    return sizeof(h);
}

static size_t build_echo(const struct packet *p, uint8_t *out)
{
    struct icmphdr h;
    memset(&h, 0, sizeof(h));
    h.type = ICMP_ECHO;
    h.un.echo.id = htons(p->source_port);
    h.un.echo.sequence = htons(1);
    h.checksum = folded(sum(&h, sizeof(h), 0));
    memcpy(out, &h, sizeof(h));
    return sizeof(h);
}

size_t packet_build(const struct packet *p, uint8_t out[PACKET_MAX])
{
    struct ether_header ethernet = {.ether_type = htons(ETHERTYPE_IP)};
    uint8_t *payload = out + sizeof(ethernet) + sizeof(struct iphdr);
    size_t len = p->protocol == IPPROTO_TCP   ? build_tcp(p, payload)
                 : p->protocol == IPPROTO_UDP ? build_udp(p, payload)
                                              : build_echo(p, payload);
    struct iphdr ip;
    memset(&ip, 0, sizeof(ip));
    ip.version = 4;
    ip.ihl = sizeof(ip) / 4;
    ip.tot_len = htons((uint16_t)(sizeof(ip) + len));
    ip.frag_off = htons(IP_DF);
    ip.ttl = TTL;
    ip.protocol = (uint8_t)p->protocol;
    ip.saddr = htonl(p->source);
    ip.daddr = htonl(p->destination);
    ip.check = folded(sum(&ip, sizeof(ip), 0));
    memcpy(ethernet.ether_dhost, p->to_mac, sizeof(p->to_mac));
    memcpy(ethernet.ether_shost, p->from_mac, sizeof(p->from_mac));
    memcpy(out, &ethernet, sizeof(ethernet));
    memcpy(out + sizeof(ethernet), &ip, sizeof(ip));
    return sizeof(ethernet) + sizeof(ip) + len;
}
