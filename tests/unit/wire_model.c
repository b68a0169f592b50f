#include <string.h>

#include "base/text.h"
#include "unit.h"
#include "wire/model.h"
#include "wire/services.h"

/* The tables and actions.def are one list. */
static const struct {
    const struct wire_service *service;
    const char *name;
    bool nothing_to_say;
} rows[] = {
#define VOID                                1
#define TOKEN                               0
#define PAGED                               0
#define DRYRUN                              0
#define ACTION(service, name, class, flags) {&service##_service, #name, ((flags)&VOID) != 0},
#include "api/actions.def"
#undef ACTION
};

START_TEST(every_row_of_actions_def_is_in_the_model_and_the_converse)
{
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct wire_service *s = rows[i].service;
        const struct wire_action *action = wire_action_find(s, rows[i].name);
        ck_assert_msg(action != NULL, "%s", rows[i].name);
        ck_assert_msg((action->output == NULL) == rows[i].nothing_to_say, "%s", rows[i].name);
        ck_assert(wire_action_is_known(s, rows[i].name));
        ck_assert_ptr_eq(action->service, s);
    }
    n = 0;
    for (size_t i = 0; wire_service_at(i) != NULL; i++)
        n += wire_service_at(i)->n_actions;
    ck_assert_uint_eq(n, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(known_operations_are_told_from_unknown_ones)
{
    ck_assert_ptr_eq(wire_service_find("ec2"), &ec2_service);
    ck_assert_ptr_null(wire_service_find("s3"));
    ck_assert_ptr_null(wire_action_find(&ec2_service, "CreateFleet"));
    ck_assert(wire_action_is_known(&ec2_service, "CreateFleet"));
    ck_assert(!wire_action_is_known(&ec2_service, "MakeCoffee"));
    ck_assert(!wire_action_is_known(&ec2_service, ""));
    ck_assert(wire_service_serves(&ec2_service, "2016-11-15"));
    ck_assert(wire_service_serves(&ec2_service, "2014-10-01"));
    ck_assert(!wire_service_serves(&ec2_service, "2016-11-16"));
    ck_assert(!wire_service_serves(&sts_service, "2016-11-15"));
    ck_assert_ptr_eq(wire_service_of_action("SendSSHPublicKey"), &ec2_instance_connect_service);
    ck_assert_ptr_null(wire_service_of_action("MakeCoffee"));
    ck_assert_ptr_eq(wire_service_of_target("AmazonEC2", 9), &ec2_service);
    ck_assert_ptr_null(wire_service_of_target("AmazonEC2", 8));
}
END_TEST

START_TEST(every_field_is_found_by_its_names_and_lies_inside_its_structure)
{
    for (size_t i = 0; i < ec2_service.n_structs; i++) {
        const struct wire_struct *s = ec2_service.structs[i];
        ck_assert_ptr_eq(wire_struct_find(&ec2_service, s->name), s);
        for (size_t k = 0; k < s->n; k++) {
            const struct wire_field *field = &s->fields[k];
            size_t size = field->list ? sizeof(struct wire_strings) : wire_field_size(field);
            ck_assert_uint_le(field->offset + size, s->size);
            ck_assert_ptr_eq(wire_field_by_member(s, field->member), field);
            ck_assert(field->kind != WIRE_STRUCT || field->sub != NULL);
            if (field->in == NULL)
                continue;
            ck_assert_ptr_eq(wire_field_by_in(s, field->in, strlen(field->in)), field);
            ck_assert_int_ne(field->status, WIRE_OUT);
        }
    }
    const struct wire_struct *run = &ec2_RunInstancesRequest_struct;
    ck_assert_ptr_null(wire_field_by_in(run, "ImageIdX", 8));
    ck_assert_ptr_null(wire_field_by_in(run, "ImageId", 6));
    ck_assert_ptr_null(wire_field_by_in(run, "", 0));
    ck_assert_str_eq(wire_field_by_in(run, "ImageIdX", 7)->member, "ImageId");
}
END_TEST

START_TEST(secrets_are_marked_in_the_model)
{
    const struct wire_struct *run = &ec2_RunInstancesRequest_struct;
    ck_assert(wire_field_by_member(run, "UserData")->sensitive);
    ck_assert(!wire_field_by_member(run, "ImageId")->sensitive);
    ck_assert(wire_field_by_member(&ec2_KeyPair_struct, "KeyMaterial")->sensitive);
    ck_assert(wire_field_by_member(&ec2_BlobAttributeValue_struct, "Value")->sensitive);
}
END_TEST

START_TEST(what_is_set_is_told_from_what_is_absent)
{
    struct ec2_RunInstancesRequest in = {.min_count = wire_int(0), .image_id = ""};
    const struct wire_struct *run = &ec2_RunInstancesRequest_struct;
    ck_assert(wire_field_is_set(wire_field_by_member(run, "MinCount"), &in));
    ck_assert(wire_field_is_set(wire_field_by_member(run, "ImageId"), &in));
    ck_assert(!wire_field_is_set(wire_field_by_member(run, "MaxCount"), &in));
    ck_assert(!wire_field_is_set(wire_field_by_member(run, "Placement"), &in));
    ck_assert(!wire_field_is_set(wire_field_by_member(run, "DryRun"), &in));
    wire_list_empty(&in.security_groups);
    ck_assert(!wire_field_is_set(wire_field_by_member(run, "SecurityGroups"), &in));
    ck_assert_ptr_nonnull(in.security_groups.v);
}
END_TEST

UNIT_SUITE(every_row_of_actions_def_is_in_the_model_and_the_converse,
           known_operations_are_told_from_unknown_ones,
           every_field_is_found_by_its_names_and_lies_inside_its_structure,
           secrets_are_marked_in_the_model, what_is_set_is_told_from_what_is_absent)
