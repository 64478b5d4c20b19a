#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/reply_reader.h"
#include "base/buf.h"
#include "base/check.h"

enum { TEXT_MAX = 1024 * 1024 };

/* A parser and what it parses into, without a connection. */
struct parser {
    redisContext context;
    struct reply_reader *reader;
};

static void parser_init(struct parser *p)
{
    *p = (struct parser){ 0 };
    p->context.reader = redisReaderCreate();
    p->reader = reply_reader_new();
    reply_reader_attach(p->reader, &p->context);
}

static void parser_release(struct parser *p)
{
    redisReaderFree(p->context.reader);
    reply_reader_free(p->reader);
}

static const struct reply *parse(struct parser *p, const char *bytes, size_t n)
{
    void *reply = NULL;

    assert_int_equal(redisReaderFeed(p->context.reader, bytes, n), REDIS_OK);
    if (redisReaderGetReply(p->context.reader, &reply) != REDIS_OK)
        fail_msg("%s", p->context.reader->errstr);
    return reply;
}

/* Bytes as themselves, so that a reply reads like its parts: [+OK :1 $3=abc _ -ERR x]. */
static void print_reply(struct buf *out, const struct reply *reply)
{
    switch (reply->type) {
    case REPLY_NIL:
        buf_print(out, "_");
        return;
    case REPLY_STATUS:
        buf_print(out, "+%.*s", STR_ARGS(reply->text));
        return;
    case REPLY_ERROR:
        buf_print(out, "-%.*s", STR_ARGS(reply->text));
        return;
    case REPLY_INTEGER:
        buf_print(out, ":%lld", (long long)reply->integer);
        return;
    case REPLY_STRING:
        buf_print(out, "$%zu=", reply->text.n);
        assert_true(buf_append_str(out, reply->text));
        return;
    case REPLY_ARRAY:
        buf_print(out, "[");
        for (size_t i = 0; i < reply->n_elements; i++) {
            buf_print(out, "%s", i > 0 ? " " : "");
            print_reply(out, &reply->elements[i]);
        }
        buf_print(out, "]");
        return;
    case REPLY_TYPE_COUNT:
        break;
    }
    fail_msg("a reply of no type");
}

static void assert_reply(const struct reply *reply, const char *expected, size_t n)
{
    struct buf text;

    assert_non_null(reply);
    buf_init(&text, TEXT_MAX);
    print_reply(&text, reply);
    if (text.n != n || memcmp(text.p, expected, n) != 0)
        fail_msg("expected %.*s, got %.*s", (int)n, expected, (int)text.n, text.p);
    buf_release(&text);
}

#define BYTES(s)                                                                                   \
    {                                                                                              \
        (s), sizeof(s) - 1                                                                         \
    }

static const struct {
    struct str bytes, expected;
} rows[] = {
    { BYTES("+QUEUED\r\n"), BYTES("+QUEUED") },
    { BYTES("-READONLY You can't\r\n"), BYTES("-READONLY You can't") },
    { BYTES(":-9223372036854775808\r\n"), BYTES(":-9223372036854775808") },
    { BYTES("$-1\r\n"), BYTES("_") },
    { BYTES("*-1\r\n"), BYTES("_") },
    { BYTES("$0\r\n\r\n"), BYTES("$0=") },
    { BYTES("$5\r\na\0\r\nb\r\n"), BYTES("$5=a\0\r\nb") },
    { BYTES("*0\r\n"), BYTES("[]") },
    { BYTES("*3\r\n+OK\r\n-WRONGTYPE x\r\n:7\r\n"), BYTES("[+OK -WRONGTYPE x :7]") },
    { BYTES("*3\r\n*2\r\n$1\r\na\r\n$-1\r\n*0\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
      BYTES("[[$1=a _] [] [[[:1]]]]") },
};

static void a_reply_in_two_parts_is_the_reply(void **state)
{
    struct parser p;

    (void)state;
    parser_init(&p);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct str bytes = rows[i].bytes;

        for (size_t cut = 1; cut <= bytes.n; cut++) {
            const struct reply *reply = parse(&p, bytes.p, cut);

            if (cut < bytes.n) {
                assert_null(reply);
                reply = parse(&p, bytes.p + cut, bytes.n - cut);
            }
            assert_reply(reply, rows[i].expected.p, rows[i].expected.n);
        }
    }
    parser_release(&p);
}

static void replies_byte_by_byte_come_in_order(void **state)
{
    struct parser p;

    (void)state;
    parser_init(&p);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t at = 0; at < rows[i].bytes.n; at++) {
            const struct reply *reply = parse(&p, rows[i].bytes.p + at, 1);

            if (at + 1 < rows[i].bytes.n)
                assert_null(reply);
            else
                assert_reply(reply, rows[i].expected.p, rows[i].expected.n);
        }
    parser_release(&p);
}

static void many_replies_in_one_read_come_one_by_one(void **state)
{
    struct parser p;
    struct buf bytes;

    (void)state;
    parser_init(&p);
    buf_init(&bytes, TEXT_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_true(buf_append_str(&bytes, rows[i].bytes));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_reply(parse(&p, bytes.p, i == 0 ? bytes.n : 0), rows[i].expected.p,
                     rows[i].expected.n);
    assert_null(parse(&p, bytes.p, 0));
    buf_release(&bytes);
    parser_release(&p);
}

/* Larger than all that is kept, in many chunks, between small ones. */
static void a_large_array_is_whole_and_small_ones_follow(void **state)
{
    enum { ELEMENTS = 20000 };
    struct parser p;
    struct buf bytes;

    (void)state;
    parser_init(&p);
    buf_init(&bytes, TEXT_MAX);
    buf_print(&bytes, "*%d\r\n", ELEMENTS);
    for (int i = 0; i < ELEMENTS; i++)
        buf_print(&bytes, "$5\r\n%05d\r\n", i);
    for (int round = 0; round < 3; round++) {
        const struct reply *reply = parse(&p, bytes.p, bytes.n);

        assert_non_null(reply);
        assert_int_equal(reply->n_elements, ELEMENTS);
        for (int i = 0; i < ELEMENTS; i++) {
            char expected[16];

            snprintf(expected, sizeof(expected), "%05d", i);
            assert_int_equal(reply->elements[i].text.n, 5);
            assert_memory_equal(reply->elements[i].text.p, expected, 5);
        }
        assert_reply(parse(&p, "+OK\r\n", 5), "+OK", 3);
    }
    buf_release(&bytes);
    parser_release(&p);
}

static void an_array_larger_than_the_bound_is_an_error(void **state)
{
    struct parser p;
    void *reply;

    (void)state;
    parser_init(&p);
    assert_int_equal(redisReaderFeed(p.context.reader, "*1000000000\r\n", 13), REDIS_OK);
    assert_int_equal(redisReaderGetReply(p.context.reader, &reply), REDIS_ERR);
    assert_int_equal(reply_reader_error(&p.context, NULL), ERR_LIMIT);
    parser_release(&p);
}

static void what_is_no_reply_is_an_error(void **state)
{
    static const char *const texts[] = { "HTTP/1.1 400\r\n", "*x\r\n", ":1x\r\n", "$-2\r\n" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct parser p;
        void *reply;

        parser_init(&p);
        assert_int_equal(redisReaderFeed(p.context.reader, texts[i], strlen(texts[i])), REDIS_OK);
        assert_int_equal(redisReaderGetReply(p.context.reader, &reply), REDIS_ERR);
        assert_int_equal(reply_reader_error(&p.context, NULL), ERR_CORRUPT);
        parser_release(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_in_two_parts_is_the_reply),
        cmocka_unit_test(replies_byte_by_byte_come_in_order),
        cmocka_unit_test(many_replies_in_one_read_come_one_by_one),
        cmocka_unit_test(a_large_array_is_whole_and_small_ones_follow),
        cmocka_unit_test(an_array_larger_than_the_bound_is_an_error),
        cmocka_unit_test(what_is_no_reply_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
