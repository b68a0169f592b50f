/* What is done with layers where encrypted ones stand on others. */
#include "core/layer.h"

#include "base/text.h"
#include "unit.h"

/* clear <- sealed <- top, the last two encrypted; a volume writes the top, a snapshot keeps what
 * the test says. */
static const struct layer clear = {.id = "vol-1", .root_id = "vol-1"};
static const struct layer sealed = {
    .id = "vol-2", .root_id = "vol-1", .parent_id = "vol-1", .key_id = "vol-2"};
static const struct layer top = {
    .id = "vol-2.2", .root_id = "vol-1", .parent_id = "vol-2", .key_id = "vol-2"};
static struct layer_node nodes[3];
static const struct layer_tree tree = {nodes, 3};

static void begin(void)
{
    nodes[0] = (struct layer_node){.layer = &clear};
    nodes[1] = (struct layer_node){.layer = &sealed, .snapshots = 1};
    nodes[2] = (struct layer_node){.layer = &top, .volume_id = "vol-2", .settled = true};
}

static void check(int what, const struct layer *layer, bool live)
{
    struct layer_step s = layer_next_step(&tree);
    ck_assert_int_eq((int)s.what, what);
    ck_assert_ptr_eq(s.layer, layer);
    ck_assert(live == (s.live != NULL));
}

START_TEST(an_encrypted_layer_takes_in_what_is_in_clear)
{
    begin();
    check(LAYER_STEP_FLATTEN, &sealed, false);
    nodes[0].snapshots = 1; /* a snapshot in clear keeps that */
    ck_assert_int_eq((int)layer_next_step(&tree).what, LAYER_STEP_NONE);
    nodes[1].snapshots = 0; /* of two that are encrypted the upper goes into the lower */
    check(LAYER_STEP_MERGE, &top, false);
    nodes[0].snapshots = 0;
    check(LAYER_STEP_MERGE, &top, false);
}
END_TEST

START_TEST(it_waits_for_a_guest_that_reads_it)
{
    begin();
    nodes[2].live_id = "i-1";
    ck_assert_int_eq((int)layer_next_step(&tree).what, LAYER_STEP_NONE);
    nodes[2].live_id = NULL;
    nodes[2].starting = true;
    ck_assert_int_eq((int)layer_next_step(&tree).what, LAYER_STEP_NONE);
    nodes[2].starting = false;
    nodes[1].pending = true; /* its file may not be there yet */
    ck_assert_int_eq((int)layer_next_step(&tree).what, LAYER_STEP_NONE);
}
END_TEST

START_TEST(a_guest_takes_it_into_what_it_writes)
{
    begin();
    nodes[1] = (struct layer_node){
        .layer = &sealed, .volume_id = "vol-2", .settled = true, .live_id = "i-1"};
    const struct layer_tree two = {nodes, 2};
    struct layer_step s = layer_next_step(&two);
    ck_assert_int_eq((int)s.what, LAYER_STEP_FLATTEN);
    ck_assert_ptr_eq(s.layer, &sealed);
    ck_assert_ptr_eq(s.live, &nodes[1]);
    nodes[1].settled = false;
    ck_assert_int_eq((int)layer_next_step(&two).what, LAYER_STEP_NONE);
}
END_TEST

START_TEST(a_copy_that_has_begun_goes_on_or_is_ended)
{
    begin();
    struct layer at_work = sealed;
    at_work.work = LAYER_FLATTENING;
    nodes[1].layer = &at_work;
    nodes[2].starting = true; /* it waits for the end of that */
    check(LAYER_STEP_FLATTEN, &at_work, false);
    nodes[0].snapshots = 1;
    check(LAYER_STEP_CANCEL, &at_work, false);
}
END_TEST

UNIT_SUITE(an_encrypted_layer_takes_in_what_is_in_clear, it_waits_for_a_guest_that_reads_it,
           a_guest_takes_it_into_what_it_writes, a_copy_that_has_begun_goes_on_or_is_ended)
