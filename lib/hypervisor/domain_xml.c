#include "hypervisor/domain_xml.h"

#include <libxml/parser.h>
#include <libxml/xmlmemory.h>
#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/*
 * What is in a domain, and why:
 *
 * disks     Writes go through the server's page cache (cache=writeback), and the guest sees a disk
 *           with a volatile write cache: what it has flushed (fsync, journal commits) is on the
 *           server's disk before it hears so, because QEMU carries a flush through to fdatasync. A
 *           crash of the server therefore loses nothing that the guest believes to be safe, as with
 *           any disk. cache=none promises the same, but gives up that all guests of an image share
 *           its layer in the page cache, and fails on file systems without O_DIRECT; cache=unsafe
 *           would break the promise. discard=unmap lets a guest's fstrim give space back.
 * full disk When the server's disk is full QEMU stops the guest instead of failing its write
 *           (QEMU's and libvirt's default): it goes on after `virsh resume`.
 * I/O thread One for all disks of a guest. Without it they share a thread with all else that QEMU
 *           does: interfaces, the console, and commands of libvirt's. Each processor of the guest
 *           has a queue of its own to it, which is QEMU's choice.
 * nics      type=ethernet: libvirt makes the tap and joins it to nothing. It is moved into the
 * VPC's namespace while the domain is paused, and goes when QEMU ends. console   A unix socket with
 * a log beside it that is appended to over stops and starts. virtlogd (stdio_handler=logd, the
 * default) rotates the log at max_size, so it stays bounded. not there Graphics, USB, balloon: each
 * costs memory or time at every start, and nobody asked.
 */

/*
 * The memory that emulation may hold translated code in, on top of the guest's own. QEMU would take
 * up to 1 GiB; a Debian boot fills less than this.
 */
#define TCG_CACHE_MIB 256

#define VGA_MEMORY_KIB                                                                             \
    "16384"           /* QEMU: room for 2560x1600, of which only what is drawn on is used */
#define FIXED_PORTS 2 /* virtio-serial, rng */
#define SPARE_PORTS 8 /* devices attached between a start and the next */

struct writer {
    xmlTextWriterPtr to;
    bool failed;
};

static void begin(struct writer *w, const char *element)
{
    w->failed |= xmlTextWriterStartElement(w->to, BAD_CAST element) < 0;
}

static void end(struct writer *w)
{
    w->failed |= xmlTextWriterEndElement(w->to) < 0;
}

static void attribute(struct writer *w, const char *name, const char *value)
{
    w->failed |= xmlTextWriterWriteAttribute(w->to, BAD_CAST name, BAD_CAST value) < 0;
}

static void attribute_number(struct writer *w, const char *name, int64_t value)
{
    w->failed |=
        xmlTextWriterWriteFormatAttribute(w->to, BAD_CAST name, "%lld", (long long)value) < 0;
}

static void text(struct writer *w, const char *element, const char *value)
{
    w->failed |= xmlTextWriterWriteElement(w->to, BAD_CAST element, BAD_CAST value) < 0;
}

/* An element with up to three attributes and nothing in it; a NULL name ends the list. */
#define EMPTY(w, element, ...) empty((w), (element), (const char *const[]){__VA_ARGS__, NULL})
static void empty(struct writer *w, const char *element, const char *const *pairs)
{
    begin(w, element);
    for (; pairs[0] != NULL; pairs += 2)
        attribute(w, pairs[0], pairs[1]);
    end(w);
}

/* libvirt takes a title of one line. */
static void title(struct writer *w, struct arena *a, const char *name_tag)
{
    if (str_empty(name_tag))
        return;
    char *line = arena_strdup(a, name_tag);
    for (char *p = line; *p != '\0'; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
    text(w, "title", line);
}

static void metadata(struct writer *w, const struct domain_spec *spec)
{
    begin(w, "metadata");
    begin(w, "croft:instance");
    attribute(w, "xmlns:croft", DOMAIN_XML_INSTANCE);
    text(w, "croft:instance-id", spec->instance_id);
    text(w, "croft:instance-type", spec->instance_type);
    text(w, "croft:image-id", spec->image_id);
    end(w);
    end(w);
}

static void entry(struct writer *w, const char *name, const char *value)
{
    begin(w, "entry");
    attribute(w, "name", name);
    w->failed |= xmlTextWriterWriteString(w->to, BAD_CAST value) < 0;
    end(w);
}

/*
 * What software inside looks at to learn that it runs in EC2: a UUID that begins with ec2 and
 * equals the serial, the vendor, and on Nitro the instance's id as the board's asset tag (AWS:
 * "Identify EC2 Linux instances"; cloud-init's ds-identify).
 */
static void sysinfo(struct writer *w, const struct domain_spec *spec)
{
    begin(w, "sysinfo");
    attribute(w, "type", "smbios");
    begin(w, "bios");
    entry(w, "vendor", "Amazon EC2");
    end(w);
    begin(w, "system");
    entry(w, "manufacturer", "Amazon EC2");
    entry(w, "product", spec->instance_type);
    entry(w, "serial", spec->uuid);
    entry(w, "uuid", spec->uuid);
    end(w);
    begin(w, "baseBoard");
    entry(w, "manufacturer", "Amazon EC2");
    entry(w, "asset", spec->instance_id);
    end(w);
    begin(w, "chassis");
    entry(w, "manufacturer", "Amazon EC2");
    entry(w, "asset", "Amazon EC2");
    end(w);
    end(w);
}

/*
 * The processor that emulation shows: x86-64-v2, which is what today's distributions ask for, and
 * no more. QEMU's "max" adds AVX, fast string moves, protection keys and nested virtualization, all
 * of which cost time in emulation and are young there: with QEMU 7.2 a guest was seen whose first
 * programs aborted.
 */
static void emulated_cpu(struct writer *w)
{
    static const char *const added[] = {"ssse3", "sse4.1", "sse4.2", "popcnt"};
    attribute(w, "mode", "custom");
    attribute(w, "match", "exact");
    attribute(w, "check", "none");
    begin(w, "model");
    attribute(w, "fallback", "forbid");
    w->failed |= xmlTextWriterWriteString(w->to, BAD_CAST "qemu64") < 0;
    end(w);
    for (size_t i = 0; i < ARRAY_SIZE(added); i++)
        EMPTY(w, "feature", "policy", "require", "name", added[i]);
    EMPTY(w, "feature", "policy", "disable", "name", "svm");
}

static void machine(struct writer *w, const struct domain_spec *spec, bool arm)
{
    bool kvm = streq(spec->driver, "kvm");
    begin(w, "os");
    if (arm) /* a PC's firmware is built in; an Arm board has none */
        attribute(w, "firmware", "efi");
    begin(w, "type");
    attribute(w, "arch", arm ? "aarch64" : "x86_64");
    attribute(w, "machine", arm ? "virt" : "q35");
    w->failed |= xmlTextWriterWriteString(w->to, BAD_CAST "hvm") < 0;
    end(w);
    EMPTY(w, "smbios", "mode", "sysinfo");
    end(w);

    begin(w, "features");
    EMPTY(w, "acpi", NULL);
    if (!arm)
        EMPTY(w, "apic", NULL);
    if (!kvm) {
        begin(w, "tcg");
        begin(w, "tb-cache");
        attribute(w, "unit", "MiB");
        w->failed |= xmlTextWriterWriteFormatString(w->to, "%d", TCG_CACHE_MIB) < 0;
        end(w);
        end(w);
    }
    end(w);

    begin(w, "cpu");
    if (kvm) {
        attribute(w, "mode", "host-passthrough");
        attribute(w, "check", "none");
    } else if (arm) {
        attribute(w, "mode", "maximum");
    } else {
        emulated_cpu(w);
    }
    /* The processor that emulation shows is one of AMD's, of which QEMU shows no threads there. */
    int threads = kvm ? spec->threads_per_core : 1;
    begin(w, "topology");
    attribute(w, "sockets", "1");
    attribute_number(w, "cores", spec->vcpus / threads);
    attribute_number(w, "threads", threads);
    end(w);
    end(w);

    EMPTY(w, "clock", "offset", "utc");
    text(w, "on_poweroff", "destroy");
    text(w, "on_reboot", "restart");
    text(w, "on_crash", "destroy");
}

/* Part of a file; NULL: it is not encrypted. */
static void encryption(struct writer *w, const char *secret)
{
    if (secret == NULL)
        return;
    begin(w, "encryption");
    attribute(w, "format", "luks");
    EMPTY(w, "secret", "type", "passphrase", "uuid", secret);
    end(w);
}

/*
 * libvirt is to leave all files alone: it would make QEMU's user the owner of a disk and of every
 * file below it, and give back the first to root and the others to nobody. The owner of a file may
 * change it, so that one guest that got out of QEMU could write into the disks of all others, and
 * croftd, who is not root, could not seal what is not its own. QEMU's user has its rights by the
 * group of the files (storage/lend.c).
 */
static void layers(struct writer *w, const struct domain_disk *d)
{
    const char *const *paths = d->below;
    size_t n = 0;
    for (; paths[n] != NULL; n++) {
        begin(w, "backingStore");
        attribute(w, "type", "file");
        EMPTY(w, "format", "type", "qcow2");
        begin(w, "source");
        attribute(w, "file", paths[n]);
        EMPTY(w, "seclabel", "model", "dac", "relabel", "no");
        encryption(w, n + 1 < d->n_encrypted ? d->secret : NULL);
        end(w);
    }
    EMPTY(w, "backingStore", NULL); /* nothing below the last */
    for (; n > 0; n--)
        end(w);
}

static void limit(struct writer *w, const char *element, int64_t value)
{
    if (value <= 0)
        return;
    begin(w, element);
    w->failed |= xmlTextWriterWriteFormatString(w->to, "%lld", (long long)value) < 0;
    end(w);
}

/* The order is that of libvirt's schema. */
static void limits(struct writer *w, const struct volume_limits *l)
{
    if (l->operations.base == 0 && l->bytes.base == 0)
        return;
    begin(w, "iotune");
    limit(w, "total_bytes_sec", l->bytes.base);
    limit(w, "total_iops_sec", l->operations.base);
    limit(w, "total_bytes_sec_max", l->bytes.burst);
    limit(w, "total_iops_sec_max", l->operations.burst);
    limit(w, "size_iops_sec", l->operation_bytes);
    limit(w, "total_bytes_sec_max_length", l->bytes.seconds);
    limit(w, "total_iops_sec_max_length", l->operations.seconds);
    end(w);
}

static void disk(struct writer *w, const struct domain_disk *d)
{
    begin(w, "disk");
    attribute(w, "type", "file");
    attribute(w, "device", "disk");
    begin(w, "driver");
    attribute(w, "name", "qemu");
    attribute(w, "type", d->format);
    attribute(w, "cache", "writeback");
    attribute(w, "error_policy", "enospace");
    if (d->io != NULL)
        attribute(w, "io", d->io);
    attribute(w, "discard", d->read_only ? "ignore" : "unmap");
    if (!d->no_io_thread)
        attribute(w, "iothread", "1");
    end(w);
    begin(w, "source");
    attribute(w, "file", d->path);
    EMPTY(w, "seclabel", "model", "dac", "relabel", "no");
    encryption(w, d->n_encrypted > 0 ? d->secret : NULL);
    end(w);
    if (d->below != NULL)
        layers(w, d);
    EMPTY(w, "target", "dev", d->target, "bus", "virtio");
    if (d->read_only)
        EMPTY(w, "readonly", NULL);
    if (!str_empty(d->serial))
        text(w, "serial", d->serial);
    limits(w, &d->limits);
    if (d->boot_order > 0) {
        begin(w, "boot");
        attribute_number(w, "order", d->boot_order);
        end(w);
    }
    end(w);
}

static void nic(struct writer *w, const struct domain_nic *n, const char *link)
{
    begin(w, "interface");
    attribute(w, "type", "ethernet");
    EMPTY(w, "mac", "address", n->mac);
    EMPTY(w, "target", "dev", n->tap, "managed", "yes");
    EMPTY(w, "model", "type", "virtio");
    if (n->mtu > 0) {
        begin(w, "mtu");
        attribute_number(w, "size", n->mtu);
        end(w);
    }
    if (link != NULL)
        EMPTY(w, "link", "state", link);
    /* Without a boot ROM the firmware does not stop to look for a network to start from. */
    EMPTY(w, "rom", "enabled", "no");
    end(w);
}

static void console(struct writer *w, const struct domain_spec *spec, bool arm)
{
    begin(w, "serial");
    attribute(w, "type", "unix");
    EMPTY(w, "source", "mode", "bind", "path", spec->console_socket);
    EMPTY(w, "log", "file", spec->console_log, "append", "on");
    if (!arm)
        EMPTY(w, "target", "type", "isa-serial", "port", "0");
    end(w);
}

/*
 * For GetConsoleScreenshot: a plain VGA, which firmware and kernels show text on without a driver.
 * Nobody is connected to it. An Arm board has none.
 */
static void screen(struct writer *w, bool arm)
{
    if (arm)
        return;
    begin(w, "video");
    EMPTY(w, "model", "type", "vga", "vram", VGA_MEMORY_KIB, "heads", "1");
    end(w);
}

/*
 * Each device sits behind a root port of its own, which is what lets it come and go while the guest
 * runs. libvirt makes ports for the devices that it is told of and hardly one to spare, so all are
 * named: for disks, interfaces, the guest agent's channel and random numbers, and those to come.
 */
static void ports(struct writer *w, const struct domain_spec *spec)
{
    size_t n = spec->n_disks + spec->n_nics + FIXED_PORTS + SPARE_PORTS;
    EMPTY(w, "controller", "type", "pci", "index", "0", "model", "pcie-root");
    for (size_t i = 1; i <= n; i++) {
        begin(w, "controller");
        attribute(w, "type", "pci");
        attribute_number(w, "index", (int64_t)i);
        attribute(w, "model", "pcie-root-port");
        end(w);
    }
}

static void devices(struct writer *w, const struct domain_spec *spec, bool arm)
{
    begin(w, "devices");
    for (size_t i = 0; i < spec->n_disks; i++)
        disk(w, &spec->disks[i]);
    for (size_t i = 0; i < spec->n_nics; i++)
        nic(w, &spec->nics[i], NULL);
    console(w, spec, arm);
    screen(w, arm);
    begin(w, "channel");
    attribute(w, "type", "unix");
    EMPTY(w, "target", "type", "virtio", "name", "org.qemu.guest_agent.0");
    end(w);
    begin(w, "rng");
    attribute(w, "model", "virtio");
    begin(w, "backend");
    attribute(w, "model", "random");
    w->failed |= xmlTextWriterWriteString(w->to, BAD_CAST "/dev/urandom") < 0;
    end(w);
    end(w);
    ports(w, spec);
    EMPTY(w, "controller", "type", "usb", "model", "none");
    EMPTY(w, "memballoon", "model", "none");
    end(w);
}

static void domain(struct writer *w, struct arena *a, const struct domain_spec *spec, bool arm)
{
    begin(w, "domain");
    attribute(w, "type", spec->driver);
    text(w, "name", spec->instance_id);
    text(w, "uuid", spec->uuid);
    title(w, a, spec->name_tag);
    metadata(w, spec);
    begin(w, "memory");
    attribute(w, "unit", "MiB");
    w->failed |= xmlTextWriterWriteFormatString(w->to, "%lld", (long long)spec->memory_mib) < 0;
    end(w);
    begin(w, "vcpu");
    w->failed |= xmlTextWriterWriteFormatString(w->to, "%d", spec->vcpus) < 0;
    end(w);
    text(w, "iothreads", "1");
    sysinfo(w, spec);
    machine(w, spec, arm);
    devices(w, spec, arm);
    end(w);
}

static bool is_clean(const char *s)
{
    return s == NULL || text_is_clean_utf8(s, strlen(s));
}

/* The writer escapes, but it cannot write what XML has no way to say. */
static bool is_writable(const struct domain_spec *spec)
{
    const char *all[] = {spec->instance_id, spec->uuid,          spec->instance_type,
                         spec->image_id,    spec->name_tag,      spec->driver,
                         spec->console_log, spec->console_socket};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (!is_clean(all[i]))
            return false;
    for (size_t i = 0; i < spec->n_disks; i++) {
        const char *const *below = spec->disks[i].below;
        if (!is_clean(spec->disks[i].path) || !is_clean(spec->disks[i].serial))
            return false;
        for (; below != NULL && *below != NULL; below++)
            if (!is_clean(*below))
                return false;
    }
    return true;
}

/* What `write` writes, as a document of its own. */
static int build(struct arena *a, const char *what,
                 void (*write)(struct writer *w, const void *ctx), const void *ctx,
                 const char **ret_xml, struct err *e)
{
    xmlBufferPtr out = xmlBufferCreate();
    struct writer w = {.to = out == NULL ? NULL : xmlNewTextWriterMemory(out, 0)};
    int r = 0;
    if (w.to == NULL) {
        r = err_errno(e, ENOMEM, "cannot write the XML of %s", what);
    } else {
        (void)xmlTextWriterSetIndent(w.to, 1);
        (void)xmlTextWriterSetIndentString(w.to, BAD_CAST "  ");
        write(&w, ctx);
        w.failed |= xmlTextWriterEndDocument(w.to) < 0;
        xmlFreeTextWriter(w.to);
        if (w.failed || xmlBufferLength(out) > DOMAIN_XML_MAX)
            r = err_set(e, EINVAL, "cannot write the XML of %s", what);
        else
            *ret_xml =
                arena_strndup(a, (const char *)xmlBufferContent(out), (size_t)xmlBufferLength(out));
    }
    xmlBufferFree(out);
    return r;
}

struct domain_context {
    struct arena *arena;
    const struct domain_spec *spec;
};

static void write_domain(struct writer *w, const void *ctx)
{
    const struct domain_context *d = ctx;
    domain(w, d->arena, d->spec, streq(d->spec->architecture, "arm64"));
}

static void write_disk(struct writer *w, const void *ctx)
{
    disk(w, ctx);
}

int domain_disk_xml_build(struct arena *a, const struct domain_disk *d, const char **ret_xml,
                          struct err *e)
{
    return build(a, d->serial, write_disk, d, ret_xml, e);
}

struct linked_nic {
    const struct domain_nic *nic;
    bool up;
};

static void write_nic(struct writer *w, const void *ctx)
{
    const struct linked_nic *n = ctx;
    nic(w, n->nic, n->up ? "up" : "down");
}

int domain_nic_xml_build(struct arena *a, const struct domain_nic *n, bool up, const char **ret_xml,
                         struct err *e)
{
    return build(a, n->tap, write_nic, &(struct linked_nic){n, up}, ret_xml, e);
}

struct frozen_disks {
    const struct frozen_disk *v;
    size_t n;
};

static void write_freeze(struct writer *w, const void *ctx)
{
    const struct frozen_disks *disks = ctx;
    begin(w, "domainsnapshot");
    begin(w, "disks");
    for (size_t i = 0; i < disks->n; i++) {
        bool frozen = disks->v[i].path != NULL;
        begin(w, "disk");
        attribute(w, "name", disks->v[i].target);
        attribute(w, "snapshot", frozen ? "external" : "no");
        if (frozen) {
            attribute(w, "type", "file");
            EMPTY(w, "driver", "type", "qcow2");
            begin(w, "source");
            attribute(w, "file", disks->v[i].path);
            EMPTY(w, "seclabel", "model", "dac", "relabel", "no");
            encryption(w, disks->v[i].secret);
            end(w);
        }
        end(w);
    }
    end(w);
    end(w);
}

int domain_freeze_xml_build(struct arena *a, const struct frozen_disk *disks, size_t n,
                            const char **ret_xml, struct err *e)
{
    return build(a, "a snapshot", write_freeze, &(struct frozen_disks){disks, n}, ret_xml, e);
}

const char *domain_disk_target(struct arena *a, size_t position)
{
    return position < 26 ? arena_printf(a, "vd%c", (char)('a' + position))
                         : arena_printf(a, "vda%c", (char)('a' + position - 26));
}

int domain_xml_build(struct arena *a, const struct domain_spec *spec, const char **ret_xml,
                     struct err *e)
{
    bool arm = streq(spec->architecture, "arm64");
    if (!arm && !streq(spec->architecture, "x86_64"))
        return err_set(e, EINVAL, "there are no domains for architecture %s", spec->architecture);
    if (!streq(spec->driver, "kvm") && !streq(spec->driver, "qemu"))
        return err_set(e, EINVAL, "there is no domain type %s", spec->driver);
    if (spec->threads_per_core < 1 || spec->vcpus % spec->threads_per_core != 0)
        return err_set(e, EINVAL, "%d processors cannot be cores of %d threads", spec->vcpus,
                       spec->threads_per_core);
    if (!is_writable(spec))
        return err_set(e, EINVAL, "a value of domain %s cannot be written as XML",
                       spec->instance_id);

    struct domain_context context = {a, spec};
    return build(a, arena_printf(a, "domain %s", spec->instance_id), write_domain, &context,
                 ret_xml, e);
}

void domain_xml_set_up(void)
{
    (void)xmlMemSetup(free, memory_alloc, memory_realloc, memory_strdup);
    xmlInitParser();
}
