/* A file that is said to be a disk: what it is, and where the disk of an OVA lies in it. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "fuzz.h"
#include "storage/format.h"
#include "storage/ova.h"

static void recognise(const uint8_t *data, size_t size)
{
    size_t head = size < FORMAT_HEAD ? size : FORMAT_HEAD;
    size_t tail = size < FORMAT_TAIL ? 0 : FORMAT_TAIL;
    struct format_seen seen = {0};
    struct format_seen raw = {0};
    bool known =
        format_recognise(data, head, data + size - tail, tail, (int64_t)size, &seen, NULL) == 0;
    bool any =
        format_recognise_raw(data, head, data + size - tail, tail, (int64_t)size, &raw, NULL) == 0;
    CHECK(!known ||
          (any && seen.format == raw.format)); /* to say raw makes nothing raw that is not */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ova_disk disk = {0};
    recognise(data, size);
    _cleanup_close_ int fd = memfd_create("ova", MFD_CLOEXEC);
    CHECK(fd >= 0 && write_all(fd, data, size) == 0);
    if (ova_find_disk(fd, (int64_t)size, &disk, NULL) == 0)
        CHECK(disk.offset >= OVA_BLOCK && disk.length >= 0 &&
              disk.offset + disk.length <= (int64_t)size);
    return 0;
}
