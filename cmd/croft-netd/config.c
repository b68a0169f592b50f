#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define CONFIG_MAX ((size_t)256 << 10)

/* --- options */

#define OPTION(name, member, value, text)                                                          \
    {                                                                                              \
        name, offsetof(struct netd_options, member), value, text                                   \
    }

static const struct {
    const char *name;
    size_t at;
    const char *value; /* the built-in one */
    const char *text;
} options[] = {
    OPTION("--config", config_file, "/etc/croft/croft.conf", "croftd's configuration"),
    OPTION("--runtime-dir", runtime_dir, "/run/croft", "where its socket and its files are"),
    OPTION("--state-dir", state_dir, "/var/lib/croft", "where croftd keeps the guests"),
    OPTION("--user", user, "croft", "who may ask, beside root"),
    OPTION("--log-level", log_level, "info", "error, warning, info or debug"),
};

static const char **slot(struct netd_options *o, size_t at)
{
    return (const char **)((char *)o + at);
}

int netd_options_read(int argc, char **argv, struct netd_options *ret, struct err *e)
{
    struct netd_options o = {0};
    for (size_t k = 0; k < ARRAY_SIZE(options); k++)
        *slot(&o, options[k].at) = options[k].value;
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        o.show_help |= streq(argv[i], "--help") || streq(argv[i], "-h");
        o.show_version |= streq(argv[i], "--version");
        if (o.show_help || o.show_version)
            break;
        while (k < ARRAY_SIZE(options) && !streq(argv[i], options[k].name))
            k++;
        if (k == ARRAY_SIZE(options))
            return err_set(e, EINVAL, "there is no option '%s'; --help lists them", argv[i]);
        if (++i == argc)
            return err_set(e, EINVAL, "the option '%s' needs a value", options[k].name);
        *slot(&o, options[k].at) = argv[i];
    }
    *ret = o;
    return 0;
}

void netd_options_print_help(void)
{
    (void)puts("usage: croft-netd [OPTION VALUE]...\n"
               "\n"
               "Does for croftd what needs root: the networks of VPCs.\n");
    for (size_t k = 0; k < ARRAY_SIZE(options); k++)
        (void)printf("  %-14s %s (%s)\n", options[k].name, options[k].text, options[k].value);
}

/* --- the file */

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

static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
        s[--len] = '\0';
    return s;
}

/* Of two lines with one key the first counts, as for croftd. */
static void read_line(struct arena *a, char *line, struct netd_settings *s)
{
    line[strcspn(line, "#")] = '\0';
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return;
    *equals = '\0';
    const char *name = trim(line);
    const char *value = trim(equals + 1);
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
