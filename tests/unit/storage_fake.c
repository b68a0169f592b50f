#include "storage/fake.h"
#include "storage_common.h"
#include "unit.h"

static struct storage *new_one(void)
{
    struct storage *s = NULL;
    ck_assert_int_eq(fake_storage_new(&s), 0);
    return s;
}

START_TEST(an_image_is_made_from_an_upload_and_a_volume_from_the_image)
{
    struct storage *s = new_one();
    _cleanup_arena_ struct arena *a = arena_new();
    struct storage_names names = {0};
    char id[UUID_SIZE];
    int64_t size = 0;
    upload(s, raw_disk(), RAW_SIZE, id);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, AMI, 8, NULL, NULL), -ENOENT);
    ck_assert_int_eq(s->ops->image_make(s, AMI, id, &size, NULL), 0);
    ck_assert_int_eq(size, RAW_SIZE);
    ck_assert_int_eq(s->ops->image_make(s, AMI, id, &size, NULL), 0);           /* repeated */
    ck_assert_int_eq(s->ops->image_make(s, "ami-2", id, &size, NULL), -ENOENT); /* used up */
    ck_assert_int_eq(s->ops->layer_make(s, VOL, AMI, 8, NULL, NULL), 0);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, AMI, 8, NULL, NULL), 0);
    ck_assert_int_eq(s->ops->list_layers(s, a, &names, NULL), 0);
    ck_assert_uint_eq(names.n, 1);
    ck_assert_str_eq(names.v[0], VOL);
    ck_assert_int_eq(s->ops->layer_remove(s, VOL, NULL), 0);
    ck_assert_int_eq(s->ops->layer_remove(s, VOL, NULL), 0);
    ck_assert_int_eq(s->ops->list_layers(s, a, &names, NULL), 0);
    ck_assert_uint_eq(names.n, 0);
    s->ops->free(s);
}
END_TEST

START_TEST(what_is_no_disk_makes_no_image)
{
    struct storage *s = new_one();
    char id[UUID_SIZE];
    int64_t size = 7;
    struct err e = {0};
    upload(s, "hello", 5, id);
    ck_assert_int_eq(s->ops->image_make(s, AMI, id, &size, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.message, "no disk image"));
    ck_assert_int_eq(size, 7);
    ck_assert_int_eq(s->ops->upload_remove(s, id, NULL), 0);
    ck_assert_int_eq(s->ops->upload_remove(s, id, NULL), 0);
    s->ops->free(s);
}
END_TEST

START_TEST(a_volume_must_hold_its_layer)
{
    struct storage *s = new_one();
    char id[UUID_SIZE];
    int64_t size = 0;
    unsigned char header[104] = {'Q', 'F', 'I', 0xfb, 0, 0, 0, 3, [27] = 2}; /* 8 GiB */
    upload(s, header, sizeof(header), id);
    ck_assert_int_eq(s->ops->image_make(s, AMI, id, &size, NULL), 0);
    ck_assert_int_eq(size, (int64_t)8 << 30);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, AMI, 7, NULL, NULL), -EINVAL);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 0, NULL, NULL), -EINVAL);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, AMI, 8, NULL, NULL), 0);
    s->ops->free(s);
}
END_TEST

START_TEST(an_encrypted_layer_takes_its_key_and_stays_apart)
{
    struct storage *s = new_one();
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 1, NULL, NULL), 0);
    ck_assert_int_eq(s->ops->layer_make(s, VOL ".2", VOL, 1, "key", NULL), 0);
    ck_assert_int_eq(s->ops->layer_make(s, VOL ".3", VOL ".2", 1, NULL, NULL), -EIO);
    ck_assert_int_eq(s->ops->layer_make(s, VOL ".3", VOL ".2", 1, "key", NULL), 0);
    ck_assert_int_eq(s->ops->layer_grow(s, VOL ".3", 2, "other", NULL), -EIO);
    ck_assert_int_eq(s->ops->layer_grow(s, VOL ".3", 2, "key", NULL), 0);
    ck_assert_int_eq(s->ops->layer_merge(s, VOL ".2", VOL, "key", NULL), -EINVAL);
    ck_assert_int_eq(s->ops->layer_merge(s, VOL ".3", VOL ".2", "key", NULL), 0);
    ck_assert_int_eq(s->ops->layer_flatten(s, VOL ".2", NULL, "key", NULL), 0);
    s->ops->free(s);
}
END_TEST

START_TEST(a_make_can_be_made_to_fail_once)
{
    struct storage *s = new_one();
    fake_storage_fail_next(s, ENOSPC);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 1, NULL, NULL), -ENOSPC);
    ck_assert_int_eq(s->ops->layer_make(s, VOL, NULL, 1, NULL, NULL), 0);
    s->ops->free(s);
}
END_TEST

START_TEST(an_instance_has_a_console_and_forgets_its_files)
{
    struct storage *s = new_one();
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf out = BUF_INIT(1024);
    int64_t when = -1;
    ck_assert_int_eq(s->ops->console_tail(s, INST, &out, &when, NULL), 0);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(s->ops->instance_write(s, INST, "seed.img", "x", 1, NULL), -ENOENT);
    ck_assert_int_eq(s->ops->instance_prepare(s, INST, NULL), 0);
    ck_assert_int_eq(s->ops->instance_write(s, INST, "seed.img", "x", 1, NULL), 0);
    ck_assert_str_eq(s->ops->instance_path(s, a, INST, "seed.img"),
                     "/nonexistent/instances/" INST "/seed.img");
    ck_assert_int_eq(s->ops->console_tail(s, INST, &out, &when, NULL), 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&out), INST));
    ck_assert_int_gt(when, 0);
    s->ops->free(s);
}
END_TEST

UNIT_SUITE(an_image_is_made_from_an_upload_and_a_volume_from_the_image,
           what_is_no_disk_makes_no_image, a_volume_must_hold_its_layer,
           an_encrypted_layer_takes_its_key_and_stays_apart, a_make_can_be_made_to_fail_once,
           an_instance_has_a_console_and_forgets_its_files)
