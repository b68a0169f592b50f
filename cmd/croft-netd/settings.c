#include "settings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define CONFIG_MAX ((size_t)256 << 10)

#define SETTING(name)                                                                              \
    {                                                                                              \
#name, offsetof(struct netd_settings, name)                                                \
    }

static const struct {
    const char *name;
    size_t at;
} settings[] = {
    {"public_addresses", offsetof(struct netd_settings, public_addresses_text)},
    SETTING(uplink),
    SETTING(resolver),
    SETTING(ipv6_prefix),
};

/* Of two lines with one key the first counts, as for croftd. */
static void read_line(struct arena *a, char *line, struct netd_settings *s)
{
    line[strcspn(line, "#")] = '\0';
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return;
    *equals = '\0';
    const char *name = text_trim(line);
    const char *value = text_trim(equals + 1);
    for (size_t k = 0; k < ARRAY_SIZE(settings); k++) {
        const char **to = (const char **)((char *)s + settings[k].at);
        if (streq(name, settings[k].name) && *to == NULL && *value != '\0')
            *to = arena_strdup(a, value);
    }
}

int netd_settings_read(struct arena *a, const char *path, struct netd_settings *ret, struct err *e)
{
    _cleanup_buf_ struct buf text = BUF_INIT(CONFIG_MAX);
    struct netd_settings s = {0};
    int r = file_read(path, &text, e);
    if (r < 0 && r != -ENOENT)
        return r;
    for (char *line = text.data, *next = NULL; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        read_line(a, line, &s);
    }
    if (s.public_addresses_text == NULL)
        s.public_addresses_text = "198.18.0.0/16";
    r = address_ranges_parse(s.public_addresses_text, &s.public_addresses, e);
    if (r < 0)
        return err_wrap(e, r, "public_addresses");
    *ret = s;
    return 0;
}
