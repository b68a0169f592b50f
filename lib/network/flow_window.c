#include "network/flow_window.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "core/flow_log.h"

#define CAP_FIRST 64

static size_t place(const struct flow_window *w, const struct flow_key *key)
{
    const unsigned char *p = (const unsigned char *)key;
    uint64_t h = 1469598103934665603ULL; /* FNV-1a */
    for (size_t i = 0; i < sizeof(*key); i++)
        h = (h ^ p[i]) * 1099511628211ULL;
    size_t at = (size_t)h & (w->cap - 1);
    while (w->entries[at].packets > 0 && memcmp(&w->entries[at].key, key, sizeof(*key)) != 0)
        at = (at + 1) & (w->cap - 1);
    return at;
}

static void grow(struct flow_window *w)
{
    struct flow_window larger = {.cap = w->cap == 0 ? CAP_FIRST : w->cap * 2};
    larger.entries = calloc(larger.cap, sizeof(*larger.entries));
    CHECK_MEMORY(larger.entries != NULL);
    for (size_t i = 0; i < w->cap; i++)
        if (w->entries[i].packets > 0)
            larger.entries[place(&larger, &w->entries[i].key)] = w->entries[i];
    free(w->entries);
    w->entries = larger.entries;
    w->cap = larger.cap;
}

void flow_window_add(struct flow_window *w, const struct flow_key *key, uint64_t packets,
                     uint64_t bytes, int64_t first, int64_t last)
{
    if (packets == 0)
        return;
    if ((w->n + 1) * 2 > w->cap)
        grow(w);
    struct flow_entry *entry = &w->entries[place(w, key)];
    if (entry->packets == 0) {
        if (w->n >= FLOW_ENTRIES_MAX || *w->room == 0) {
            w->lost = true;
            return;
        }
        *entry = (struct flow_entry){.key = *key, .first = first, .last = last};
        w->n++;
        --*w->room;
    }
    entry->packets += packets;
    entry->bytes += bytes;
    entry->first = first < entry->first ? first : entry->first;
    entry->last = last > entry->last ? last : entry->last;
}

static void add_address(struct buf *out, const struct flow_entry *entry, const uint8_t *address)
{
    char text[INET6_ADDRSTRLEN];
    (void)inet_ntop(entry->key.is_ipv6 ? AF_INET6 : AF_INET, address, text, sizeof(text));
    buf_add_str(out, text);
}

static void add_or_dash(struct buf *out, const char *text)
{
    buf_add_str(out, text == NULL ? "-" : text);
}

/* Of a record without an entry all that is the entry's is "-". */
static void add_of_entry(struct buf *out, enum flow_field field, const struct flow_entry *entry)
{
    if (entry == NULL) {
        buf_add_str(out, "-");
        return;
    }
    switch ((int)field) {
    case FLOW_FIELD_SRCADDR:
    case FLOW_FIELD_PKT_SRCADDR:
        add_address(out, entry, entry->key.src);
        break;
    case FLOW_FIELD_DSTADDR:
    case FLOW_FIELD_PKT_DSTADDR:
        add_address(out, entry, entry->key.dst);
        break;
    case FLOW_FIELD_SRCPORT:
        buf_printf(out, "%u", entry->key.sport);
        break;
    case FLOW_FIELD_DSTPORT:
        buf_printf(out, "%u", entry->key.dport);
        break;
    case FLOW_FIELD_PROTOCOL:
        buf_printf(out, "%u", entry->key.protocol);
        break;
    case FLOW_FIELD_PACKETS:
        buf_printf(out, "%" PRIu64, entry->packets);
        break;
    case FLOW_FIELD_BYTES:
        buf_printf(out, "%" PRIu64, entry->bytes);
        break;
    case FLOW_FIELD_ACTION:
        buf_add_str(out, entry->key.is_reject ? "REJECT" : "ACCEPT");
        break;
    case FLOW_FIELD_TYPE:
        buf_add_str(out, entry->key.is_ipv6 ? "IPv6" : "IPv4");
        break;
    case FLOW_FIELD_FLOW_DIRECTION:
        buf_add_str(out, entry->key.is_egress ? "egress" : "ingress");
        break;
    default: /* no fact of Croft's */
        buf_add_str(out, "-");
    }
}

static void add_line(struct buf *out, const struct flow_target *t, const struct flow_entry *entry,
                     int64_t start, int64_t end, const char *status)
{
    int version = 0;
    enum flow_field field;
    const char *at = t->format;
    for (bool first = true; flow_log_format_next(&at, &field, &version) > 0; first = false) {
        if (!first)
            buf_add_str(out, " ");
        switch ((int)field) {
        case FLOW_FIELD_VERSION:
            buf_printf(out, "%d", flow_log_format_version(t->format));
            break;
        case FLOW_FIELD_ACCOUNT_ID:
            add_or_dash(out, t->account_id);
            break;
        case FLOW_FIELD_INTERFACE_ID:
            add_or_dash(out, t->interface_id);
            break;
        case FLOW_FIELD_START:
            buf_printf(out, "%" PRId64, start);
            break;
        case FLOW_FIELD_END:
            buf_printf(out, "%" PRId64, end);
            break;
        case FLOW_FIELD_LOG_STATUS:
            buf_add_str(out, status);
            break;
        case FLOW_FIELD_VPC_ID:
            add_or_dash(out, t->vpc_id);
            break;
        case FLOW_FIELD_SUBNET_ID:
            add_or_dash(out, t->subnet_id);
            break;
        case FLOW_FIELD_INSTANCE_ID:
            add_or_dash(out, t->instance_id);
            break;
        case FLOW_FIELD_REGION:
            add_or_dash(out, t->region);
            break;
        case FLOW_FIELD_AZ_ID:
            add_or_dash(out, t->zone_id);
            break;
        default:
            add_of_entry(out, field, entry);
        }
    }
    buf_add_str(out, "\n");
}

void flow_window_write(struct flow_window *w, const struct flow_target *t, int64_t end,
                       struct buf *out)
{
    for (size_t i = 0; i < w->cap; i++)
        if (w->entries[i].packets > 0)
            add_line(out, t, &w->entries[i], w->entries[i].first, w->entries[i].last, "OK");
    if (w->lost)
        add_line(out, t, NULL, w->start, end, "SKIPDATA");
    else if (w->n == 0)
        add_line(out, t, NULL, w->start, end, "NODATA");
    flow_window_done(w);
    w->start = end;
}

void flow_window_done(struct flow_window *w)
{
    free(w->entries);
    *w->room += w->n;
    *w = (struct flow_window){.start = w->start, .room = w->room};
}
