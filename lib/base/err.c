#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list ap;

    PRE(code != ERR_OK && code < ERR_CODE_COUNT);
    if (!err)
        return code;
    err->code = code;
    va_start(ap, format);
    vsnprintf(err->msg, sizeof(err->msg), format, ap);
    va_end(ap);
    return code;
}

enum err_code err_wrap(struct err *err, enum err_code code, const char *format, ...)
{
    char inner[ERR_MSG_MAX];
    va_list ap;
    int n;

    if (!err)
        return code;
    memcpy(inner, err->msg, sizeof(inner));
    va_start(ap, format);
    n = vsnprintf(err->msg, sizeof(err->msg), format, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(err->msg) &&
        snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", inner) < 0)
        err->msg[n] = '\0';
    return code;
}

enum err_class err_class(enum err_code code)
{
#define ERR_CLASS_OF(code, class, text) [ERR_##code] = ERR_CLASS_##class,
    static const enum err_class classes[] = { ERR_CODES(ERR_CLASS_OF) };
#undef ERR_CLASS_OF

    PRE(code < ERR_CODE_COUNT);
    return classes[code];
}
