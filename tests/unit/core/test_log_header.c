#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/log_header.h"

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void what_is_not_as_we_write_it_was_rewritten(void **state)
{
    static const struct {
        const char *name, *value;
        enum log_header_form form;
    } rows[] = {
        { "redwal-source-partition", "0", LOG_HEADER_INTACT },
        { "redwal-source-partition", "MA==", LOG_HEADER_REWRITTEN },
        { "redwal-source-offset", "1234", LOG_HEADER_INTACT },
        { "redwal-source-offset", "MTIzNA==", LOG_HEADER_REWRITTEN },
        { "redwal-source-timestamp", "1764080000000", LOG_HEADER_INTACT },
        { "redwal-source-timestamp", "[B@1b6d3586", LOG_HEADER_REWRITTEN },
        { "redwal-reason", "redis-wrongtype", LOG_HEADER_INTACT },
        { "redwal-reason", "cmVkaXMtd3Jvbmd0eXBl", LOG_HEADER_REWRITTEN },
        { "redwal-reason", "", LOG_HEADER_REWRITTEN },
        { "redwal-resolution", "retried", LOG_HEADER_INTACT },
        { "redwal-resolution", "\"cmV0cmllZA==\"", LOG_HEADER_REWRITTEN },
        { "traceparent", TRACE, LOG_HEADER_INTACT },
        { "traceparent",
          "MDAtMGFmNzY1MTkxNmNkNDNkZDg0NDhlYjIxMWM4MDMxOWMtYjdhZDZiNzE2OTIwMzMzMS0wMQ==",
          LOG_HEADER_REWRITTEN },
        { "traceparent", "somebody's own", LOG_HEADER_INTACT },
        { "traceparent", "c29tZWJvZHk=", LOG_HEADER_INTACT },
        { "redwal-wal", "b3JkZXJz", LOG_HEADER_OTHER },
        { "x", "eQ==", LOG_HEADER_OTHER },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct log_header header = { rows[i].name, str_from(rows[i].value) };

        if (log_header_form(&header) != rows[i].form)
            fail_msg("row %zu, %s: %s", i, rows[i].name, rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_as_we_write_it_was_rewritten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
