/*
 * Whatever the process that asks brokers is told or tells: a line makes sense, or is an error. What
 * made sense is understood again, in the same way, when it is written anew.
 */
#include <stddef.h>
#include <stdint.h>

#include "codec/log_look_json.h"
#include "codec/marks_json.h"
#include "codec/restore_log_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHUNK = 4096 };

static void check(enum err_code rc, const struct err *err)
{
    INVARIANT(rc == ERR_OK || rc == ERR_CORRUPT);
    INVARIANT((rc == ERR_OK) == (err->msg[0] == '\0'));
}

static void try_access(struct str line)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    CLEANUP(buf_release) struct buf again = { 0 };
    struct log_place one = { 0 }, two = { 0 };
    struct err err = { 0 };

    arena_init(&arena, CHUNK);
    buf_init(&again, LOG_LOOK_LINE_MAX);
    check(log_access_decode(line, &arena, &one, &err), &err);
    if (err.msg[0] != '\0' || !log_access_encode(&again, &one))
        return;
    INVARIANT(log_access_decode(buf_str(&again), &arena, &two, NULL) == ERR_OK);
    INVARIANT(str_eq(str_from(one.brokers), str_from(two.brokers)));
}

static void try_question(struct str line)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct log_place place = { 0 };
    struct err err = { 0 };
    int64_t number;

    arena_init(&arena, CHUNK);
    check(log_question_decode(line, &arena, &number, &place, &err), &err);
    INVARIANT(err.msg[0] != '\0' || (place.topic && place.group));
}

static void try_look(struct str line)
{
    CLEANUP(buf_release) struct buf first = { 0 };
    CLEANUP(buf_release) struct buf second = { 0 };
    struct log_look look;
    struct err err = { 0 };
    int64_t number;

    log_look_init(&look);
    buf_init(&first, LOG_LOOK_LINE_MAX);
    buf_init(&second, LOG_LOOK_LINE_MAX);
    check(log_look_decode(line, &number, &look, &err), &err);
    if (err.msg[0] == '\0' && log_look_encode(&first, number, &look)) {
        log_look_release(&look);
        INVARIANT(log_look_decode(buf_str(&first), &number, &look, NULL) == ERR_OK);
        INVARIANT(log_look_encode(&second, number, &look));
        INVARIANT(str_eq(buf_str(&first), buf_str(&second)));
    }
    log_look_release(&look);
}

static void try_marks(struct str line)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct mark_batch batch = { 0 };
    struct mark_result result;
    struct err err = { 0 }, of_result = { 0 };
    const char *topic = NULL;
    int64_t number;

    arena_init(&arena, CHUNK);
    (void)marks_is_question(line);
    check(marks_question_decode(line, &arena, &number, &topic, &batch, &err), &err);
    for (int32_t i = 0; err.msg[0] == '\0' && i < batch.n; i++)
        INVARIANT(topic && batch.orders[i].partition >= 0);
    check(marks_result_decode(line, &number, &result, &of_result), &of_result);
    INVARIANT(of_result.msg[0] != '\0' || (result.n_stored >= 0 && result.n_failed >= 0));
}

static void try_restore_question(struct str line)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    CLEANUP(buf_release) struct buf first = { 0 };
    CLEANUP(buf_release) struct buf second = { 0 };
    struct restore_question q = { 0 };
    struct err err = { 0 };

    arena_init(&arena, CHUNK);
    buf_init(&first, LOG_LOOK_LINE_MAX);
    buf_init(&second, LOG_LOOK_LINE_MAX);
    (void)restore_is_question(line);
    check(restore_question_decode(line, &arena, &q, &err), &err);
    if (err.msg[0] != '\0' ||
        !restore_question_encode(&first, q.number, q.topic, q.group, &q.order))
        return;
    INVARIANT(restore_is_question(buf_str(&first)));
    INVARIANT(restore_question_decode(buf_str(&first), &arena, &q, NULL) == ERR_OK);
    INVARIANT(restore_question_encode(&second, q.number, q.topic, q.group, &q.order));
    INVARIANT(str_eq(buf_str(&first), buf_str(&second)));
}

static void try_restore_result(struct str line)
{
    CLEANUP(buf_release) struct buf first = { 0 };
    CLEANUP(buf_release) struct buf second = { 0 };
    struct restore_log_result result = { 0 };
    struct err err = { 0 };
    int64_t number;

    buf_init(&first, LOG_LOOK_LINE_MAX);
    buf_init(&second, LOG_LOOK_LINE_MAX);
    (void)restore_is_result(line);
    check(restore_result_decode(line, &number, &result, &err), &err);
    if (err.msg[0] == '\0' && restore_result_encode(&first, number, &result)) {
        restore_plan_release(&result.plan);
        INVARIANT(restore_is_result(buf_str(&first)));
        INVARIANT(restore_result_decode(buf_str(&first), &number, &result, NULL) == ERR_OK);
        INVARIANT(restore_result_encode(&second, number, &result));
        INVARIANT(str_eq(buf_str(&first), buf_str(&second)));
    }
    restore_plan_release(&result.plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str line = { (const char *)data, size };

    try_access(line);
    try_question(line);
    try_look(line);
    try_marks(line);
    try_restore_question(line);
    try_restore_result(line);
    return 0;
}
