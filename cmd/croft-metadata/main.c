/*
 * croft-metadata: what of Croft speaks with guests, and nothing else. It parses the HTTP that they
 * send to the metadata service, and asks croftd what to answer (metadata/front.h). It has no
 * privileges, no state and no configuration.
 */
#include "base/log.h"
#include "helper/helper.h"
#include "metadata/calls.h"
#include "metadata/front.h"

static void report(void *ctx, const char *message)
{
    (void)ctx;
    log_info("metadata: %s", message);
}

static int serve(const struct helper_run *run, struct err *e)
{
    const struct front_config config = {
        .listener = run->listener, .user = run->user, .report = report};
    return front_serve(&config, run->stop, e);
}

int main(int argc, char **argv)
{
    static const struct helper self = {
        .name = "croft-metadata",
        .word = "metadata",
        .purpose = "Speaks HTTP with guests for croftd: the metadata service.",
        .socket = METADATA_SOCKET,
        .confinement = &confinement_metadata,
        .serve = serve,
    };
    return helper_main(&self, argc, argv);
}
