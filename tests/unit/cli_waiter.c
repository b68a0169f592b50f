#include "croft/waiter.h"

#include <string.h>

#include "base/text.h"
#include "croft/cli.h"
#include "unit.h"
#include "wire/ec2_model.h"

static enum wait_verdict judge(const char *name, const char *reply, const char *code)
{
    const struct waiter *why;
    const struct waiter *w = waiter_find(name);
    _cleanup_json_ json_t *json = reply == NULL ? NULL : json_loads(reply, 0, NULL);

    ck_assert_ptr_nonnull(w);
    ck_assert((reply == NULL) == (json == NULL));
    return waiter_judge(w, json, code, &why);
}

#define INSTANCES(...) "{\"Reservations\": [{\"Instances\": [" __VA_ARGS__ "]}]}"
#define IN(state)      "{\"State\": {\"Name\": \"" state "\"}}"

START_TEST(all_values_must_be_the_one_and_there_must_be_one)
{
    const char *name = "instance-running";

    ck_assert_int_eq(judge(name, INSTANCES(IN("running")), ""), WAIT_DONE);
    ck_assert_int_eq(judge(name, INSTANCES(IN("running") "," IN("pending")), ""), WAIT_ON);
    ck_assert_int_eq(judge(name, INSTANCES(), ""), WAIT_ON);
    ck_assert_int_eq(judge(name, "{\"Reservations\": []}", ""), WAIT_ON);
    ck_assert_int_eq(judge(name, "{}", ""), WAIT_ON);
}
END_TEST

START_TEST(one_value_that_cannot_become_it_ends_the_waiting)
{
    ck_assert_int_eq(judge("instance-running", INSTANCES(IN("running") "," IN("terminated")), ""),
                     WAIT_FAILED);
    ck_assert_int_eq(judge("instance-stopped", INSTANCES(IN("pending")), ""), WAIT_FAILED);
    ck_assert_int_eq(judge("image-available", "{\"Images\": [{\"State\": \"failed\"}]}", ""),
                     WAIT_FAILED);
}
END_TEST

START_TEST(a_refusal_means_what_the_waiter_says_of_it)
{
    ck_assert_int_eq(judge("instance-running", NULL, "InvalidInstanceID.NotFound"), WAIT_ON);
    ck_assert_int_eq(judge("instance-running", NULL, "InvalidParameterValue"), WAIT_FAILED);
    ck_assert_int_eq(judge("instance-terminated", NULL, "InvalidInstanceID.NotFound"), WAIT_FAILED);
    ck_assert_int_eq(judge("key-pair-exists", NULL, "InvalidKeyPair.NotFound"), WAIT_ON);
    ck_assert_int_eq(judge("vpc-exists", "{\"Vpcs\": []}", ""), WAIT_DONE);
}
END_TEST

START_TEST(something_must_be_there)
{
    const char *name = "key-pair-exists";

    ck_assert_int_eq(judge(name, "{\"KeyPairs\": [{\"KeyName\": \"a\"}]}", ""), WAIT_DONE);
    ck_assert_int_eq(judge(name, "{\"KeyPairs\": []}", ""), WAIT_ON);
}
END_TEST

/* A path that leads nowhere would wait for ever. */
START_TEST(every_path_leads_through_the_answer_of_its_action)
{
    size_t paths = 0;

    for (const struct waiter *w = waiter_next(NULL); w != NULL; w = waiter_next(w)) {
        const struct wire_action *action = wire_action_find(&ec2_service, w->action);

        ck_assert_msg(action != NULL, "%s", w->name);
        ck_assert_int_gt(w->seconds, 0);
        for (const struct waiter *row = w + 1; row->match != WAITER_ITSELF; row++) {
            const struct wire_struct *at = action->output;
            char path[128];
            char *rest = path;

            (void)snprintf(path, sizeof(path), "%s", row->path == NULL ? "" : row->path);
            for (const char *step = strsep(&rest, "."); !str_empty(step);
                 step = strsep(&rest, ".")) {
                const struct wire_field *field = at == NULL ? NULL : wire_field_by_member(at, step);

                ck_assert_msg(field != NULL, "%s: %s", w->name, row->path);
                at = field->sub;
                paths++;
            }
        }
    }
    ck_assert_uint_gt(paths, 20);
    ck_assert_ptr_null(waiter_find("instance"));
}
END_TEST

UNIT_SUITE(all_values_must_be_the_one_and_there_must_be_one,
           one_value_that_cannot_become_it_ends_the_waiting,
           a_refusal_means_what_the_waiter_says_of_it, something_must_be_there,
           every_path_leads_through_the_answer_of_its_action)
