#include "seed/seed.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "seed/iso9660.h"
#include "seed/templates.h"

#define TEMPLATE_MAX 65536 /* bytes of one template, and of what becomes of it */
#define NAME_MAX_LEN 32    /* of a value in a template */
#define ROUTE_METRIC 100   /* of eth0; of eth1 twice as much, as cloud-init has it on EC2 */

/*
 * A template is text with ${name} in it; $$ is one dollar sign. A value is put in as JSON, which is
 * YAML as well, so that no character in it can start something new. There are no conditions: what
 * an instance does not have is null, or an empty list.
 */
struct template_value {
    const char *name;
    enum { TEXT, LIST, NUMBER, ETHERNETS } kind;
    const char *text; /* NULL: null, or [] */
    int64_t number;
};

static int put_text(struct buf *out, const char *name, const char *s, struct err *e)
{
    size_t len = strlen(s);
    if (!text_is_clean_utf8(s, len))
        return err_set(e, EINVAL, "the seed's %s is not clean UTF-8", name);
    buf_add_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f)
            return err_set(e, EINVAL, "the seed's %s has a control character in it", name);
        if (c == '"' || c == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, (char)c);
    }
    buf_add_char(out, '"');
    return 0;
}

/*
 * One of several interfaces is chosen by its metric, the first before the others. Its link-local
 * address must be the one that follows from its MAC: the port lets no other pass.
 */
static int put_ethernet(struct buf *out, const struct seed_facts *f, const struct seed_interface *n,
                        struct err *e)
{
    buf_printf(out, "\"eth%lld\": {\"match\": {\"macaddress\": ", (long long)n->device_index);
    int r = put_text(out, "mac", n->mac, e);
    buf_printf(out, "}, \"set-name\": \"eth%lld\", \"mtu\": %d, \"dhcp4\": true, \"dhcp6\": %s",
               (long long)n->device_index, f->mtu, n->dhcp6 ? "true" : "false");
    for (int family = 4; f->n_interfaces > 1 && family <= (n->dhcp6 ? 6 : 4); family += 2)
        buf_printf(out, ", \"dhcp%d-overrides\": {\"route-metric\": %lld}", family,
                   (long long)(n->device_index + 1) * ROUTE_METRIC);
    if (n->dhcp6)
        buf_add_str(out, ", \"ipv6-address-generation\": \"eui64\"");
    for (size_t i = 0; i < n->n_addresses && r == 0; i++) {
        buf_add_str(out, i == 0 ? ", \"addresses\": [" : ", ");
        r = put_text(out, "addresses", n->addresses[i], e);
    }
    buf_add_str(out, n->n_addresses > 0 ? "]}" : "}");
    return r;
}

/* A line for each. */
static int put_ethernets(struct buf *out, const struct seed_facts *f, struct err *e)
{
    int r = 0;
    buf_add_char(out, '{');
    for (size_t i = 0; i < f->n_interfaces && r == 0; i++) {
        buf_add_str(out, i == 0 ? "\n    " : ",\n    ");
        r = put_ethernet(out, f, &f->interfaces[i], e);
    }
    buf_add_str(out, "\n  }");
    return r;
}

static int put_value(struct buf *out, const struct seed_facts *f, const struct template_value *v,
                     struct err *e)
{
    if (v->kind == ETHERNETS)
        return put_ethernets(out, f, e);
    if (v->kind == NUMBER) {
        buf_printf(out, "%lld", (long long)v->number);
        return 0;
    }
    if (v->text == NULL) {
        buf_add_str(out, v->kind == LIST ? "[]" : "null");
        return 0;
    }
    if (v->kind == LIST)
        buf_add_char(out, '[');
    int r = put_text(out, v->name, v->text, e);
    if (r == 0 && v->kind == LIST)
        buf_add_char(out, ']');
    return r;
}

static int put_named(struct buf *out, const struct seed_facts *f, const char *name, size_t len,
                     const char *file, struct err *e)
{
    const struct template_value values[] = {
        {"instance_id", TEXT, f->instance_id, 0},
        {"hostname", TEXT, f->hostname, 0},
        {"domain", TEXT, f->domain, 0},
        {"public_keys", LIST, f->public_key, 0},
        {"key_name", TEXT, f->key_name, 0},
        {"mac", TEXT, f->mac, 0},
        {"private_ip", TEXT, f->private_ip, 0},
        {"ethernets", ETHERNETS, NULL, 0},
        {"mtu", NUMBER, NULL, f->mtu},
        {"region", TEXT, f->region, 0},
        {"availability_zone", TEXT, f->zone, 0},
        {"instance_type", TEXT, f->instance_type, 0},
        {"image_id", TEXT, f->image_id, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
            return put_value(out, f, &values[i], e);
    return err_set(e, EINVAL, "the template %s names an unknown value, ${%.*s}", file, (int)len,
                   name);
}

static int fill(struct arena *a, const char *file, const char *template,
                const struct seed_facts *facts, const char **ret_text, struct err *e)
{
    CHECK(template != NULL);
    _cleanup_buf_ struct buf out = BUF_INIT(TEMPLATE_MAX);
    for (const char *p = template; *p != '\0';) {
        size_t plain = strcspn(p, "$");
        buf_add(&out, p, plain);
        p += plain;
        if (*p == '\0')
            break;
        if (p[1] == '$') {
            buf_add_char(&out, '$');
            p += 2;
            continue;
        }
        const char *end = p[1] == '{' ? strchr(p, '}') : NULL;
        if (end == NULL || end - p > NAME_MAX_LEN)
            return err_set(e, EINVAL, "the template %s has a $ that begins no ${name}; write $$",
                           file);
        int r = put_named(&out, facts, p + 2, (size_t)(end - p - 2), file, e);
        if (r < 0)
            return r;
        p = end + 1;
    }
    if (out.failed)
        return err_set(e, EFBIG, "the seed's %s is longer than %d bytes", file, TEMPLATE_MAX);
    *ret_text = arena_strndup(a, buf_str(&out), out.len);
    return 0;
}

/* The text of a template: the owner's where there is a file, else the one that is compiled in. */
static int template_load(struct arena *a, const char *dir, const char *file,
                         const char *compiled_in, const char **ret, struct err *e)
{
    const char *path = dir == NULL ? NULL : arena_printf(a, "%s/%s", dir, file);
    if (path == NULL || !file_exists(path)) {
        *ret = compiled_in;
        return 0;
    }
    _cleanup_buf_ struct buf text = BUF_INIT(TEMPLATE_MAX);
    int r = file_read(path, &text, e);
    if (r < 0)
        return r;
    if (!text_is_clean_utf8(buf_str(&text), text.len))
        return err_set(e, EINVAL, "the template %s is not clean UTF-8", path);
    *ret = arena_strndup(a, buf_str(&text), text.len);
    return 0;
}

int seed_build(struct arena *a, const char *template_dir, const struct seed_facts *facts,
               struct seed_texts *ret_texts, struct err *e)
{
    struct seed_texts texts = {0};
    const struct {
        const char *file;
        const char *compiled_in;
        const char **to;
    } all[] = {
        {"meta-data", template_meta_data, &texts.meta_data},
        {"network-config", template_network_config, &texts.network_config},
        {"user-data", template_user_data, &texts.user_data},
        {"vendor-data", template_vendor_data, &texts.vendor_data},
    };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        const char *template = NULL;
        int r = template_load(a, template_dir, all[i].file, all[i].compiled_in, &template, e);
        if (r == 0)
            r = fill(a, all[i].file, template, facts, all[i].to, e);
        if (r < 0)
            return r;
    }
    texts.user_data_len = strlen(texts.user_data);
    if (facts->user_data != NULL) { /* of the user's own: passed on, whatever it is */
        texts.user_data = arena_memdup(a, facts->user_data, facts->user_data_len);
        texts.user_data_len = facts->user_data_len;
    }
    *ret_texts = texts;
    return 0;
}

int seed_image_build(const struct seed_texts *texts, struct buf *out, struct err *e)
{
    const struct iso9660_file files[] = {
        {"meta-data", texts->meta_data, strlen(texts->meta_data)},
        {"network-config", texts->network_config, strlen(texts->network_config)},
        {"user-data", texts->user_data, texts->user_data_len},
        {"vendor-data", texts->vendor_data, strlen(texts->vendor_data)},
    };
    int r = iso9660_build("cidata", files, ARRAY_SIZE(files), out);
    return r < 0 ? err_errno(e, -r, "cannot make the seed") : 0;
}
