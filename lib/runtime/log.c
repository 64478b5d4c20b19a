#include "runtime/log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/clock.h"

enum { VALUE_MAX = 2048, TIMESTAMP_MAX = 40, SPEC_MAX = 16 };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void log_init(struct log *log, int fd, enum log_level level, enum log_format format)
{
    *log = (struct log){ .fd = fd, .level = level, .format = format, .wall_ms = clock_wall_ms };
    pthread_mutex_init(&log->mutex, NULL);
}

void log_release(struct log *log)
{
    pthread_mutex_destroy(&log->mutex);
}

static void timestamp(int64_t wall_ms, char ret[TIMESTAMP_MAX])
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    size_t n;

    gmtime_r(&seconds, &utc);
    n = strftime(ret, TIMESTAMP_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(ret + n, TIMESTAMP_MAX - n, ".%03dZ", (int)(wall_ms % 1000));
}

/* As JSON wants it; logfmt readers take the same. Text in UTF-8 passes as it is; of other bytes
 * the number is shown. */
static void print_quoted(struct buf *out, struct str value)
{
    const unsigned plain_below = str_is_utf8(value) ? 0x100 : 0x80;

    buf_print(out, "\"");
    for (size_t i = 0; i < value.n; i++) {
        const unsigned char c = (unsigned char)value.p[i];

        if (c == '"' || c == '\\')
            buf_print(out, "\\%c", c);
        else if (c == '\n')
            buf_print(out, "\\n");
        else if (c < 0x20 || c == 0x7f || c >= plain_below)
            buf_print(out, "\\u%04x", c);
        else
            buf_print(out, "%c", c);
    }
    buf_print(out, "\"");
}

static bool needs_quotes(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        const unsigned char c = (unsigned char)value.p[i];

        if (c <= ' ' || c == 0x7f || strchr("\"\\=", c))
            return true;
    }
    return value.n == 0 || !str_is_utf8(value);
}

static void print_pair(struct log_line *line, struct str key, struct str value, bool bare)
{
    const bool json = line->log->format == LOG_FORMAT_JSON;
    const size_t before = line->text.n;
    struct buf *out = &line->text;
    const char *const space = out->n == 0 ? "" : json ? "," : " ";

    if (json)
        buf_print(out, "%s\"%.*s\":", space, STR_ARGS(key));
    else
        buf_print(out, "%s%.*s=", space, STR_ARGS(key));
    if (bare || (!json && !needs_quotes(value)))
        buf_print(out, "%.*s", STR_ARGS(value));
    else
        print_quoted(out, value);

    /* Half a pair would break the line's syntax: room is kept for the end. */
    if (out->n + 4 > LOG_LINE_MAX_BYTES)
        out->n = before;
}

void log_line_begin(struct log_line *line, struct log *log, enum log_level level,
                    struct str message)
{
    char ts[TIMESTAMP_MAX];

    *line = (struct log_line){ .log = log };
    buf_init(&line->text, LOG_LINE_MAX_BYTES);
    timestamp(log->wall_ms(), ts);
    log_line_text(line, STR_LITERAL("ts"), str_from(ts));
    log_line_text(line, STR_LITERAL("level"), str_from(level_names[level]));
    log_line_text(line, STR_LITERAL("msg"), message);
}

void log_line_text(struct log_line *line, struct str key, struct str value)
{
    print_pair(line, key, value, false);
}

void log_line_bare(struct log_line *line, struct str key, struct str value)
{
    print_pair(line, key, value, true);
}

void log_line_end(struct log_line *line)
{
    const bool json = line->log->format == LOG_FORMAT_JSON;
    CLEANUP(buf_release) struct buf whole = { 0 };
    ssize_t written;

    buf_init(&whole, LOG_LINE_MAX_BYTES + 4);
    buf_print(&whole, "%s%.*s%s\n", json ? "{" : "", STR_ARGS(buf_str(&line->text)),
              json ? "}" : "");
    /* A log that cannot be written must not stop the program. */
    pthread_mutex_lock(&line->log->mutex);
    written = write(line->log->fd, whole.p, whole.n);
    pthread_mutex_unlock(&line->log->mutex);
    (void)written;
    buf_release(&line->text);
}

/* Whether a line of this format may be written now; *ret_missing: how many were not, before. */
static bool repeat_allows(struct log *log, const char *format, unsigned *ret_missing)
{
    const int64_t now_ms = clock_monotonic_ms();
    struct log_repeat *r = &log->repeats[((uintptr_t)format >> 3) % LOG_REPEAT_SLOTS];

    *ret_missing = 0;
    if (r->format != format || now_ms - r->since_ms >= LOG_REPEAT_WINDOW_MS) {
        if (r->format == format)
            *ret_missing = r->n_suppressed;
        *r = (struct log_repeat){ .format = format, .since_ms = now_ms };
    }
    if (r->n_written < LOG_REPEATS_MAX) {
        r->n_written++;
        return true;
    }
    r->n_suppressed++;
    return false;
}

/* One conversion of the format, such as "%zu"; `bare`: its output is a number. */
struct conversion {
    char spec[SPEC_MAX];
    bool bare;
};

/* Where the pairs begin: at the first word that holds a '='. */
static const char *pairs_of(const char *format)
{
    const char *equals = strchr(format, '=');

    if (!equals)
        return format + strlen(format);
    while (equals > format && equals[-1] != ' ')
        equals--;
    return equals;
}

static const char *read_conversion(const char *at, struct conversion *ret)
{
    size_t n = 0;

    PRE(*at == '%');
    do {
        PRE(n + 2 < SPEC_MAX && *at);
        ret->spec[n++] = *at++;
    } while (!isalpha((unsigned char)at[-1]) || strchr("lzjth", at[-1]));
    ret->spec[n] = '\0';
    ret->bare = strchr("diufg", at[-1]);
    PRE(*at == ' ' || *at == '\0');
    return at;
}

/* The arguments are taken by the conversion's type, so each type used has a line here. */
static void print_value(char ret[VALUE_MAX], const char *spec, va_list *ap)
{
    if (strcmp(spec, "%s") == 0) {
        const char *text = va_arg(*ap, const char *);

        snprintf(ret, VALUE_MAX, "%s", text ? text : "");
    } else if (strcmp(spec, "%.*s") == 0) {
        const int n = va_arg(*ap, int);

        snprintf(ret, VALUE_MAX, "%.*s", n, va_arg(*ap, const char *));
    } else if (strcmp(spec, "%d") == 0) {
        snprintf(ret, VALUE_MAX, "%d", va_arg(*ap, int));
    } else if (strcmp(spec, "%u") == 0) {
        snprintf(ret, VALUE_MAX, "%u", va_arg(*ap, unsigned));
    } else if (strcmp(spec, "%ld") == 0) {
        snprintf(ret, VALUE_MAX, "%ld", va_arg(*ap, long));
    } else if (strcmp(spec, "%lld") == 0) {
        snprintf(ret, VALUE_MAX, "%lld", va_arg(*ap, long long));
    } else if (strcmp(spec, "%lu") == 0) {
        snprintf(ret, VALUE_MAX, "%lu", va_arg(*ap, unsigned long));
    } else if (strcmp(spec, "%llu") == 0) {
        snprintf(ret, VALUE_MAX, "%llu", va_arg(*ap, unsigned long long));
    } else if (strcmp(spec, "%zu") == 0) {
        snprintf(ret, VALUE_MAX, "%zu", va_arg(*ap, size_t));
    } else if (strcmp(spec, "%.3f") == 0) {
        snprintf(ret, VALUE_MAX, "%.3f", va_arg(*ap, double));
    } else {
        UNREACHABLE("a conversion that the log does not know");
    }
}

static void print_pairs(struct log_line *line, const char *pairs, va_list *ap)
{
    while (*pairs) {
        const char *equals = strchr(pairs, '=');
        struct conversion conversion;
        char value[VALUE_MAX];

        PRE(equals);
        const struct str key = { pairs, (size_t)(equals - pairs) };

        pairs = read_conversion(equals + 1, &conversion);
        print_value(value, conversion.spec, ap);
        print_pair(line, key, str_from(value), conversion.bare);
        while (*pairs == ' ')
            pairs++;
    }
}

void log_write(struct log *log, enum log_level level, const char *format, ...)
{
    const char *pairs = pairs_of(format);
    struct str message = { format, (size_t)(pairs - format) };
    struct log_line line;
    char missing_text[SPEC_MAX];
    unsigned missing;
    bool allowed;
    va_list ap;

    if (!log || level > log->level)
        return;
    pthread_mutex_lock(&log->mutex);
    allowed = repeat_allows(log, format, &missing);
    pthread_mutex_unlock(&log->mutex);
    if (!allowed)
        return;

    while (message.n > 0 && message.p[message.n - 1] == ' ')
        message.n--;
    log_line_begin(&line, log, level, message);
    va_start(ap, format);
    print_pairs(&line, pairs, &ap);
    va_end(ap);
    if (missing > 0) {
        snprintf(missing_text, sizeof(missing_text), "%u", missing);
        log_line_bare(&line, STR_LITERAL("suppressed"), str_from(missing_text));
    }
    log_line_end(&line);
}
