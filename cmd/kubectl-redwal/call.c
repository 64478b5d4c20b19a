#include "call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rediswal.h"

static struct terminal terminal(const struct invocation *in, FILE *to)
{
    return terminal_of(to, environment_value(in->environment, "NO_COLOR"),
                       environment_value(in->environment, "TERM"));
}

struct terminal call_output(const struct invocation *in)
{
    return terminal(in, stdout);
}

struct terminal call_errors(const struct invocation *in)
{
    return terminal(in, stderr);
}

void call_print(const struct invocation *in, struct printer *ret)
{
    printer_init(ret, invocation_values(in, &print_table), call_output(in));
}

enum exit_status call_end(struct printer *p, enum exit_status status)
{
    return printer_end(p) ? status : EXIT_FAILED;
}

void call_complain(const struct invocation *in, const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "%s: ", in->name);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void call_complain_anew(const struct invocation *in, const struct err *now, struct err *told)
{
    if (strcmp(now->msg, told->msg) != 0)
        call_complain(in, "%s", now->msg);
    *told = *now;
}

enum exit_status call_failed(const struct invocation *in, const struct err *err)
{
    call_complain(in, "%s", err->msg);
    rediswal_explain(in, err->code);
    return err->code == ERR_TIMEOUT ? EXIT_TIMEOUT : EXIT_FAILED;
}
