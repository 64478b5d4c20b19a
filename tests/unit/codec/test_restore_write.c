#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/restore_write.h"

#define OBJECT                                                                                     \
    "{\"apiVersion\":\"redwal.dev/"                                                                \
    "v1alpha1\",\"kind\":\"RedisRestore\",\"metadata\":{\"namespace\":"                            \
    "\"ns\",\"name\":\"r\",\"uid\":\"u-1\",\"resourceVersion\":\"7\""

static void is_written(bool (*write)(struct buf *out, const struct restore_resource *r),
                       const char *text)
{
    CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    struct err err = { 0 };

    if (restore_resource_decode(STR_LITERAL(OBJECT "},\"spec\":{\"rediswal\":\"a\"}}"), &r, &err) !=
        ERR_OK)
        fail_msg("%s", err.msg);
    buf_init(&out, RESTORE_STATUS_JSON_MAX);
    assert_true(write(&out, &r));
    if (!str_starts_with(buf_str(&out), str_from(text)))
        fail_msg("%.*s", STR_ARGS(buf_str(&out)));
}

static bool put_there(struct buf *out, const struct restore_resource *r)
{
    return restore_write_finalizer(out, r, true);
}

static bool take_away(struct buf *out, const struct restore_resource *r)
{
    return restore_write_finalizer(out, r, false);
}

/* Whoever has another uid, or another version, is not written to. */
static void what_is_written_is_for_one_version_of_one_object(void **state)
{
    (void)state;
    is_written(restore_write_status, OBJECT "},\"status\":{");
    is_written(put_there, OBJECT ",\"finalizers\":[\"redwal.dev/restore\"]}}");
    is_written(take_away, OBJECT ",\"finalizers\":[]}}");
}

static void what_has_no_room_is_not_written(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    const struct restore_resource r = {
        .scope = "ns", .name = "r", .uid = "u-1", .resource_version = "7"
    };
    (void)state;

    buf_init(&out, sizeof(OBJECT));
    assert_false(restore_write_finalizer(&out, &r, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_for_one_version_of_one_object),
        cmocka_unit_test(what_has_no_room_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
