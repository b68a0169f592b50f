/*
 * Changes rows by chance and has the jobs bring them to the kernel, for tests/net/rows.py.
 *
 *     net_row_driver SEED STEPS each|last RUNTIME_DIR PUBLIC_POOL
 *
 * each: after each change, so in parts; a line is read from stdin and one is printed after it.
 * last: after the last one alone, so whole; a network in memory follows the others, for a job that
 * has worked says so in rows. Prints how many ports the audit at the end found other
 * than they were applied, and waits for the end of stdin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "jobs/worker.h"
#include "network/fake.h"
#include "network/linux.h"
#include "support/calls.h"
#include "support/rows.h"

static void converge(struct jobs *j)
{
    struct err e = {0};
    if (vpc_converge(j, TEST_VPC, &e) < 0) {
        (void)fprintf(stderr, "%s\n", e.message);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int64_t seed = 0;
    int64_t steps = 0;
    struct err e = {0};
    if (argc != 6 || parse_int64(argv[1], &seed) < 0 || parse_int64(argv[2], &steps) < 0) {
        (void)fprintf(stderr,
                      "usage: net_row_driver SEED STEPS each|last RUNTIME_DIR PUBLIC_POOL\n");
        return 2;
    }
    bool each = strcmp(argv[3], "each") == 0;
    struct linux_network_config config = {.runtime_dir = argv[4]};
    CHECK(address_ranges_parse(argv[5], &config.public_addresses, &e) == 0);
    struct network *network = NULL;
    CHECK(linux_network_new(&config, &network, &e) == 0);
    struct rows rows = {.k = calls_new(), .dice = (unsigned int)seed};
    struct network *memory = fake_network_new(NULL);
    struct jobs_config of_jobs = {.store = rows.k->store,
                                  .network = network,
                                  .host_id = TEST_HOST,
                                  .runtime_dir = argv[4],
                                  .mtu = 1500,
                                  .server_key = &calls_server_key};
    struct jobs *jobs = jobs_new(&of_jobs);
    of_jobs.network = memory;
    struct jobs *dry = jobs_new(&of_jobs);
    rows_begin(&rows);
    converge(each ? jobs : dry);
    for (int64_t i = 0; i < steps; i++) {
        char line[8];
        rows_change(&rows);
        converge(each ? jobs : dry);
        if (!each)
            continue;
        (void)printf("%lld\n", (long long)i);
        (void)fflush(stdout);
        if (fgets(line, sizeof(line), stdin) == NULL)
            break;
    }
    jobs->audits++;
    converge(jobs);
    (void)printf("stale %llu\n", (unsigned long long)jobs->stale_ports);
    (void)fflush(stdout);
    while (getchar() != EOF)
        ;
    jobs_free(jobs);
    jobs_free(dry);
    network->ops->free(network);
    memory->ops->free(memory);
    calls_free(rows.k);
    return 0;
}
