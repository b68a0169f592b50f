#include "hypervisor/host.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/file.h"

#define KVM_NODE    "/dev/kvm"
#define KVM_API     12 /* the only version there has been since Linux 2.6.22 */
#define CPUINFO_MAX (16 << 20)

/* Is the word among the flags of the first processor? */
static bool has_flag(const char *cpuinfo, const char *word)
{
    const char *p = strstr(cpuinfo, "\nflags");
    size_t len = strlen(word);
    const char *end = p == NULL ? NULL : strchr(p + 1, '\n');
    while (p != NULL && end != NULL && (p = strstr(p, word)) != NULL && p < end) {
        if (p[-1] == ' ' && (p[len] == ' ' || p[len] == '\n'))
            return true;
        p += len;
    }
    return false;
}

bool host_cpuinfo_has_kvm(const char *cpuinfo)
{
    return has_flag(cpuinfo, "vmx") || has_flag(cpuinfo, "svm");
}

#if defined(__x86_64__)
static bool processor_has_kvm(struct err *e)
{
    _cleanup_buf_ struct buf cpuinfo = BUF_INIT(CPUINFO_MAX);
    if (file_read("/proc/cpuinfo", &cpuinfo, e) < 0)
        return false;
    if (host_cpuinfo_has_kvm(buf_str(&cpuinfo)))
        return true;
    (void)err_set(e, ENODEV, "the processor shows neither vmx nor svm");
    return false;
}
#else
static bool processor_has_kvm(struct err *e)
{
    return true; /* elsewhere the kernel offers the node only where it works */
}
#endif

bool host_has_kvm(struct err *e)
{
    if (!processor_has_kvm(e))
        return false;
    _cleanup_close_ int node = open(KVM_NODE, O_RDWR | O_CLOEXEC);
    if (node < 0) {
        (void)err_errno(e, errno, "cannot open %s", KVM_NODE);
        return false;
    }
    if (ioctl(node, KVM_GET_API_VERSION, 0) != KVM_API) {
        (void)err_set(e, ENODEV, "%s is of another version", KVM_NODE);
        return false;
    }
    _cleanup_close_ int machine = ioctl(node, KVM_CREATE_VM, 0);
    if (machine < 0) {
        (void)err_errno(e, errno, "%s makes no virtual machine", KVM_NODE);
        return false;
    }
    return true;
}

bool host_kvm_is_shared(void)
{
    struct stat st;
    if (stat(KVM_NODE, &st) < 0)
        return true; /* none: nothing to share */
    bool group = st.st_gid != 0 && (st.st_mode & 0060) == 0060;
    bool others = (st.st_mode & 0006) == 0006;
    return group || others;
}

int host_memory(int64_t *ret_total_mib, int64_t *ret_available_mib, struct err *e)
{
    _cleanup_buf_ struct buf meminfo = BUF_INIT(65536);
    int r = file_read("/proc/meminfo", &meminfo, e);
    if (r < 0)
        return r;
    const char *text = buf_str(&meminfo);
    const char *total = strstr(text, "MemTotal:");
    const char *available = strstr(text, "MemAvailable:");
    if (total == NULL || available == NULL)
        return err_set(e, EIO, "/proc/meminfo does not say how much memory there is");
    *ret_total_mib = strtoll(total + strlen("MemTotal:"), NULL, 10) / 1024;
    *ret_available_mib = strtoll(available + strlen("MemAvailable:"), NULL, 10) / 1024;
    return 0;
}
