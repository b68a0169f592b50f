#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "hypervisor/fake.h"
#include "unit.h"

#define WAIT_MS 5000

static struct {
    pthread_mutex_t lock;
    int n[DOMAIN_EVENT_CONNECTED + 1];
    char last[ID_SIZE];
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_event(void *ctx, enum domain_event what, const char *instance_id)
{
    (void)pthread_mutex_lock(&seen.lock);
    seen.n[what]++;
    (void)snprintf(seen.last, sizeof(seen.last), "%s", instance_id == NULL ? "" : instance_id);
    (void)pthread_mutex_unlock(&seen.lock);
}

static int count(enum domain_event what)
{
    (void)pthread_mutex_lock(&seen.lock);
    int n = seen.n[what];
    (void)pthread_mutex_unlock(&seen.lock);
    return n;
}

static void wait_for(enum domain_event what, int n)
{
    int64_t deadline = clock_monotonic() + WAIT_MS;
    while (count(what) < n) {
        ck_assert_msg(clock_monotonic() < deadline, "no event %d", (int)what);
        clock_sleep(1);
    }
}

static struct hypervisor *new_one(void)
{
    struct hypervisor *h = NULL;
    ck_assert_int_eq(fake_hypervisor_new(on_event, NULL, &h), 0);
    return h;
}

static struct domain_spec spec_of(const char *id, int64_t memory_mib)
{
    return (struct domain_spec){
        .instance_id = id,
        .uuid = "ec200000-0000-4000-8000-000000000000",
        .instance_type = "t3.micro",
        .image_id = "ami-1",
        .architecture = "x86_64",
        .driver = "kvm",
        .vcpus = 1,
        .threads_per_core = 1,
        .memory_mib = memory_mib,
        .console_log = "/log",
        .console_socket = "/socket",
    };
}

static int create(struct hypervisor *h, const char *id, int64_t memory_mib)
{
    struct domain_spec spec = spec_of(id, memory_mib);
    struct err e = {0};
    int r = h->ops->create_paused(h, &spec, &e);
    ck_assert_int_eq(r, -e.code);
    return r;
}

START_TEST(a_domain_is_new_then_running_then_gone)
{
    struct hypervisor *h = new_one();
    enum domain_state state = DOMAIN_RUNNING;
    ck_assert_int_eq(h->ops->state(h, "i-1", &state, NULL), 0);
    ck_assert_int_eq(state, DOMAIN_GONE);
    ck_assert_int_eq(create(h, "i-1", 512), 0);
    ck_assert_int_eq(create(h, "i-1", 512), -EEXIST);
    ck_assert_int_eq(h->ops->state(h, "i-1", &state, NULL), 0);
    ck_assert_int_eq(state, DOMAIN_PAUSED_NEW);
    _cleanup_arena_ struct arena *a = arena_new();
    ck_assert_ptr_nonnull(strstr(fake_hypervisor_xml(h, a, "i-1"), "<name>i-1</name>"));
    ck_assert_ptr_null(fake_hypervisor_xml(h, a, "i-2"));
    ck_assert_int_eq(h->ops->resume(h, "i-1", NULL), 0);
    ck_assert_int_eq(h->ops->state(h, "i-1", &state, NULL), 0);
    ck_assert_int_eq(state, DOMAIN_RUNNING);
    ck_assert_int_eq(h->ops->destroy(h, "i-1", NULL), 0);
    ck_assert_int_eq(h->ops->state(h, "i-1", &state, NULL), 0);
    ck_assert_int_eq(state, DOMAIN_GONE);
    ck_assert_int_eq(h->ops->destroy(h, "i-1", NULL), 0);
    h->ops->free(h);
}
END_TEST

START_TEST(a_shutdown_ends_the_domain_and_says_so)
{
    struct hypervisor *h = new_one();
    enum domain_state state;
    fake_hypervisor_set_delay(h, 20);
    ck_assert_int_eq(create(h, "i-1", 512), 0);
    ck_assert_int_eq(h->ops->shutdown(h, "i-1", NULL), 0);
    ck_assert_int_eq(h->ops->state(h, "i-1", &state, NULL), 0);
    wait_for(DOMAIN_EVENT_SHUTDOWN, 1);
    ck_assert_str_eq(seen.last, "i-1");
    ck_assert_int_eq(h->ops->state(h, "i-1", &state, NULL), 0);
    ck_assert_int_eq(state, DOMAIN_GONE);
    ck_assert_int_eq(h->ops->shutdown(h, "i-1", NULL), -ENOENT);
    h->ops->free(h);
}
END_TEST

START_TEST(a_disobedient_guest_stays_until_it_is_destroyed)
{
    struct hypervisor *h = new_one();
    enum domain_state state;
    fake_hypervisor_set_obedient(h, false);
    ck_assert_int_eq(create(h, "i-1", 512), 0);
    ck_assert_int_eq(h->ops->shutdown(h, "i-1", NULL), 0);
    clock_sleep(20);
    ck_assert_int_eq(h->ops->state(h, "i-1", &state, NULL), 0);
    ck_assert_int_eq(h->ops->destroy(h, "i-1", NULL), 0);
    ck_assert_int_eq(count(DOMAIN_EVENT_SHUTDOWN), 0);
    h->ops->free(h);
}
END_TEST

START_TEST(a_crash_is_an_event)
{
    struct hypervisor *h = new_one();
    ck_assert_int_eq(fake_hypervisor_end(h, "i-1", DOMAIN_EVENT_CRASHED), -ENOENT);
    ck_assert_int_eq(create(h, "i-1", 512), 0);
    ck_assert_int_eq(fake_hypervisor_end(h, "i-1", DOMAIN_EVENT_CRASHED), 0);
    wait_for(DOMAIN_EVENT_CRASHED, 1);
    h->ops->free(h);
}
END_TEST

START_TEST(a_create_can_be_made_to_fail_once)
{
    struct hypervisor *h = new_one();
    fake_hypervisor_fail_next(h, ENOMEM);
    ck_assert_int_eq(create(h, "i-1", 512), -ENOMEM);
    ck_assert_int_eq(create(h, "i-1", 512), 0);
    h->ops->free(h);
}
END_TEST

START_TEST(memory_is_held_and_given_back)
{
    struct hypervisor *h = new_one();
    struct host_info info;
    ck_assert_int_eq(create(h, "i-1", FAKE_HYPERVISOR_MEMORY_MIB - 100), 0);
    ck_assert_int_eq(h->ops->host_info(h, &info, NULL), 0);
    ck_assert_int_eq(info.memory_available_mib, 100);
    ck_assert_int_eq(create(h, "i-2", 101), -ENOMEM);
    ck_assert_int_eq(h->ops->destroy(h, "i-1", NULL), 0);
    ck_assert_int_eq(create(h, "i-2", 101), 0);
    h->ops->free(h);
}
END_TEST

START_TEST(away_means_that_nothing_is_known)
{
    struct hypervisor *h = new_one();
    _cleanup_arena_ struct arena *a = arena_new();
    struct domain_list list = {0};
    struct host_info info;
    ck_assert_int_eq(create(h, "i-1", 512), 0);
    fake_hypervisor_set_connected(h, false);
    ck_assert_int_eq(h->ops->list(h, a, &list, NULL), -ENOTCONN);
    ck_assert_int_eq(h->ops->host_info(h, &info, NULL), -ENOTCONN);
    enum domain_state state;
    ck_assert_int_eq(h->ops->state(h, "i-1", &state, NULL), -ENOTCONN);
    ck_assert_int_eq(h->ops->destroy(h, "i-1", NULL), -ENOTCONN);
    ck_assert_int_eq(create(h, "i-2", 512), -ENOTCONN);
    fake_hypervisor_set_connected(h, true);
    wait_for(DOMAIN_EVENT_CONNECTED, 1);
    ck_assert_int_eq(h->ops->list(h, a, &list, NULL), 0);
    ck_assert_uint_eq(list.n, 1);
    ck_assert_str_eq(list.v[0].instance_id, "i-1");
    h->ops->free(h);
}
END_TEST

START_TEST(a_console_says_whose_it_is)
{
    struct hypervisor *h = new_one();
    int fd = -1;
    ck_assert_int_eq(h->ops->console(h, "i-1", "/nonexistent", &fd, NULL), -ENOENT);
    ck_assert_int_eq(create(h, "i-1", 512), 0);
    ck_assert_int_eq(h->ops->console(h, "i-1", "/nonexistent", &fd, NULL), 0);
    char text[64] = "";
    ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
    ck_assert_ptr_nonnull(strstr(text, "i-1"));
    (void)close(fd);
    h->ops->free(h);
}
END_TEST

struct crowd {
    struct hypervisor *h;
    int number;
};

static void *live(void *arg)
{
    const struct crowd *c = arg;
    for (int i = 0; i < 300; i++) {
        char id[ID_SIZE];
        (void)snprintf(id, sizeof(id), "i-%d-%d", c->number, i);
        struct domain_spec spec = spec_of(id, 512);
        if (c->h->ops->create_paused(c->h, &spec, NULL) < 0 ||
            c->h->ops->resume(c->h, id, NULL) < 0)
            return NULL;
        if (i % 3 == 0 && c->h->ops->shutdown(c->h, id, NULL) < 0)
            return NULL;
    }
    return arg;
}

START_TEST(many_threads_start_a_thousand_domains)
{
    struct hypervisor *h = new_one();
    struct crowd crowd[4];
    pthread_t threads[ARRAY_SIZE(crowd)];
    for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
        crowd[i] = (struct crowd){h, (int)i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, live, &crowd[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
        void *result = NULL;
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_nonnull(result);
    }
    wait_for(DOMAIN_EVENT_SHUTDOWN, 400);
    _cleanup_arena_ struct arena *a = arena_new();
    struct domain_list list = {0};
    ck_assert_int_eq(h->ops->list(h, a, &list, NULL), 0);
    ck_assert_uint_eq(list.n, 800);
    h->ops->free(h);
}
END_TEST

UNIT_SUITE(a_domain_is_new_then_running_then_gone, a_shutdown_ends_the_domain_and_says_so,
           a_disobedient_guest_stays_until_it_is_destroyed, a_crash_is_an_event,
           a_create_can_be_made_to_fail_once, memory_is_held_and_given_back,
           away_means_that_nothing_is_known, a_console_says_whose_it_is,
           many_threads_start_a_thousand_domains)
