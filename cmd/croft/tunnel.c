/* croft tunnel, croft ssh-config: plain ssh, scp and rsync through the daemon. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "croft/instances.h"
#include "croft/keyfiles.h"
#include "croft/keys.h"
#include "croft/options.h"
#include "croft/relay.h"
#include "croft/screen.h"
#include "croft/verbs.h"

static int run_tunnel(struct cli *c, int argc, char **argv)
{
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    _cleanup_close_ int fd = -1;
    struct err e = {0};
    struct words words;
    struct guest guest;
    struct client *client;
    int64_t port;
    int r, status = options_parse(c, "tunnel", NULL, 0, 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n != 2 || parse_int64(words.v[1], &port) < 0 || port < 1 || port > 65535)
        return usage_error("tunnel", "croft tunnel NAME|ID PORT");
    guest.id = words.v[0];
    if (!is_instance_id(words.v[0]))
        status = guest_find(c, words.v[0], &guest);
    if (status != STATUS_OK)
        return status;
    client = cli_client(c, "ec2", &status);
    if (client == NULL)
        return status;
    r = client_tunnel(client, guest.id, (unsigned)port, &fd, &reply, &e);
    if (r == -EREMOTEIO) {
        complain("%s", e.message);
        return STATUS_REFUSED;
    }
    if (r < 0)
        return cli_no_answer(c, r, &e);
    if (relay_run(fd, NULL, NULL, -1, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    return STATUS_OK;
}

/* Quoted for the shell that ssh runs a ProxyCommand with; % is ssh's own. */
static const char *shell_word(struct arena *a, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=@+,";
    const char *quoted = "";

    if (*word != '\0' && word[strspn(word, plain)] == '\0')
        return word;
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            quoted = arena_printf(a, "%s'\\''", quoted);
        else
            quoted = arena_printf(a, "%s%s%c", quoted, *word == '%' ? "%" : "", *word);
    }
    return arena_printf(a, "'%s'", quoted);
}

/* Names with blanks, wildcards or signs cannot be the pattern of a Host line; the id always can. */
static bool is_host_word(const char *name)
{
    if (str_empty(name) || name[0] == '-')
        return false;
    for (; *name != '\0'; name++) {
        if (strchr("*?!,\"'#\\%", *name) != NULL || (unsigned char)*name <= ' ' || *name == 0x7f)
            return false;
    }
    return true;
}

/* A value of ssh_config(5): in double quotes, which it cannot hold itself; % is doubled. */
static const char *config_value(struct arena *a, const char *value)
{
    const char *out = "";

    for (; *value != '\0'; value++)
        out = arena_printf(a, "%s%s%c", out, *value == '%' ? "%" : "", *value);
    return strchr(out, ' ') == NULL ? out : arena_printf(a, "\"%s\"", out);
}

static void print_host(struct cli *c, const struct guest *g, const char *proxy, const char *hosts)
{
    const char *key = g->key_name == NULL ? NULL : key_file_kept(c, g->key_name);

    printf("Host %s%s%s\n", is_host_word(g->name) ? g->name : "", is_host_word(g->name) ? " " : "",
           g->id);
    printf("    HostName %s\n", g->id);
    printf("    User %s\n", DEFAULT_USER);
    if (key != NULL)
        printf("    IdentityFile %s\n", config_value(c->arena, key));
    printf("    HostKeyAlias %s\n", g->id);
    printf("    UserKnownHostsFile %s\n", config_value(c->arena, hosts));
    printf("    StrictHostKeyChecking accept-new\n");
    printf("    CheckHostIP no\n");
    printf("    ProxyCommand %s %s %%p\n", proxy, g->id);
}

/* The command that brings ssh here again: the same program, the same endpoint. */
static const char *proxy_of(struct cli *c)
{
    char path[PATH_MAX + 1];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    const char *endpoint = cli_endpoint(c), *proxy;

    proxy = shell_word(c->arena, n > 0 ? arena_strndup(c->arena, path, (size_t)n) : c->program);
    if (!streq(endpoint, DEFAULT_SOCKET))
        proxy = arena_printf(c->arena, "%s --endpoint %s", proxy, shell_word(c->arena, endpoint));
    if (c->region != NULL)
        proxy = arena_printf(c->arena, "%s --region %s", proxy, shell_word(c->arena, c->region));
    return arena_printf(c->arena, "%s tunnel", proxy);
}

static int run_ssh_config(struct cli *c, int argc, char **argv)
{
    struct guests guests;
    struct words words;
    struct err e = {0};
    const char *hosts, *proxy = proxy_of(c);
    int status = options_parse(c, "ssh-config", NULL, 0, 0, argc, argv, &words);

    if (status == STATUS_OK && words.n > 0)
        status = guests_find(c, &words, &guests);
    else if (status == STATUS_OK)
        status = guests_describe(
            c, json_pack("{s:o}", "Filters", filter_of("instance-state-name", "running")), &guests);
    if (status != STATUS_OK)
        return status;
    if (data_path(c->arena, "known_hosts", &hosts, &e) < 0 || data_make(c->arena, hosts, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    for (size_t i = 0; i < guests.n; i++)
        print_host(c, &guests.v[i], proxy, hosts);
    return STATUS_OK;
}

const struct verb tunnel_verbs[] = {
    {"tunnel", run_tunnel, "NAME|ID PORT", "Carries stdin and stdout to a TCP port of an instance",
     "The daemon carries the stream: it needs no public address. As ssh's ProxyCommand:\n"
     "    ssh -o ProxyCommand='croft tunnel %h %p' ec2-user@i-0123456789abcdef0"},
    {"ssh-config", run_ssh_config, "[NAME|ID...]",
     "Prints the lines of ssh_config with which ssh, scp and rsync reach instances",
     "Without a name for all that run. For example:\n"
     "    croft ssh-config >~/.ssh/croft.conf      and, in ~/.ssh/config: Include croft.conf"},
    {NULL, NULL, NULL, NULL, NULL},
};
