#include "runtime/log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/clock.h"

enum { TIMESTAMP_MAX = 40, SPEC_MAX = 16 };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void log_init(struct log *log, int fd, enum log_level level, enum log_format format)
{
    *log = (struct log){ .fd = fd, .format = format, .wall_ms = clock_wall_ms };
    log_set_level(log, level);
    pthread_mutex_init(&log->mutex, NULL);
}

void log_set_level(struct log *log, enum log_level level)
{
    atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

bool log_has_level(struct log *log, enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log->level, memory_order_relaxed);
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

/* Whether a line of this format may be written now; *ret_missing: how many were not, before. With
 * the mutex held. */
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

/* Copies the conversion that `at` begins with, such as "%zu", and returns its length. */
static size_t conversion_at(struct str at, char ret[SPEC_MAX])
{
    size_t n = 1;

    while (n < at.n && n < SPEC_MAX - 2 &&
           (!isalpha((unsigned char)at.p[n]) || strchr("lzjth", at.p[n])) && at.p[n] != '%')
        n++;
    n += n < at.n;
    snprintf(ret, SPEC_MAX, "%.*s", (int)n, at.p);
    return n;
}

/* The arguments are taken by the conversion's type, so each type used has a line here. */
static bool print_conversion(struct buf *out, const char *spec, va_list *ap)
{
    if (strcmp(spec, "%s") == 0) {
        const char *text = va_arg(*ap, const char *);

        buf_print(out, "%s", text ? text : "");
    } else if (strcmp(spec, "%.*s") == 0) {
        const int n = va_arg(*ap, int);

        buf_print(out, "%.*s", n, va_arg(*ap, const char *));
    } else if (strcmp(spec, "%d") == 0) {
        buf_print(out, "%d", va_arg(*ap, int));
    } else if (strcmp(spec, "%u") == 0) {
        buf_print(out, "%u", va_arg(*ap, unsigned));
    } else if (strcmp(spec, "%ld") == 0) {
        buf_print(out, "%ld", va_arg(*ap, long));
    } else if (strcmp(spec, "%lld") == 0) {
        buf_print(out, "%lld", va_arg(*ap, long long));
    } else if (strcmp(spec, "%lu") == 0) {
        buf_print(out, "%lu", va_arg(*ap, unsigned long));
    } else if (strcmp(spec, "%llu") == 0) {
        buf_print(out, "%llu", va_arg(*ap, unsigned long long));
    } else if (strcmp(spec, "%zu") == 0) {
        buf_print(out, "%zu", va_arg(*ap, size_t));
    } else if (strcmp(spec, "%.3f") == 0) {
        buf_print(out, "%.3f", va_arg(*ap, double));
    } else {
        return false;
    }
    return true;
}

/* Fills in one piece of the format; *ret_bare: it is nothing but a number. False: it holds a
 * conversion that has no line above, so that no later argument can be taken. */
static bool fill_in(struct buf *out, struct str piece, va_list *ap, bool *ret_bare)
{
    char spec[SPEC_MAX];
    size_t n;

    *ret_bare = false;
    for (size_t i = 0; i < piece.n; i += n) {
        n = 1;
        if (piece.p[i] != '%') {
            buf_print(out, "%c", piece.p[i]);
            continue;
        }
        n = conversion_at((struct str){ piece.p + i, piece.n - i }, spec);
        if (!print_conversion(out, spec, ap))
            return false;
        *ret_bare = n == piece.n && spec[n - 1] != 's';
    }
    return true;
}

static bool print_pairs(struct log_line *line, const char *pairs, va_list *ap)
{
    CLEANUP(buf_release) struct buf value = { 0 };

    buf_init(&value, LOG_LINE_MAX_BYTES);
    while (*pairs) {
        const struct str key = { pairs, strcspn(pairs, "=") };
        bool bare;

        pairs += key.n + (pairs[key.n] == '=');
        const struct str piece = { pairs, strcspn(pairs, " ") };

        buf_clear(&value);
        if (!fill_in(&value, piece, ap, &bare))
            return false;
        print_pair(line, key, buf_str(&value), bare);
        pairs += piece.n + strspn(pairs + piece.n, " ");
    }
    return true;
}

static struct str message_of(const char *format)
{
    struct str message = { format, (size_t)(pairs_of(format) - format) };

    while (message.n > 0 && message.p[message.n - 1] == ' ')
        message.n--;
    return message;
}

static bool repeat_is_allowed(struct log *log, const char *format, unsigned *ret_missing)
{
    bool allowed;

    pthread_mutex_lock(&log->mutex);
    allowed = repeat_allows(log, format, ret_missing);
    pthread_mutex_unlock(&log->mutex);
    return allowed;
}

void log_write(struct log *log, enum log_level level, const char *format, ...)
{
    CLEANUP(buf_release) struct buf message = { 0 };
    struct log_line line;
    char missing_text[SPEC_MAX];
    unsigned missing;
    bool bare, known;
    va_list ap;

    if (!log || !log_has_level(log, level) || !repeat_is_allowed(log, format, &missing))
        return;
    buf_init(&message, LOG_LINE_MAX_BYTES);
    va_start(ap, format);
    known = fill_in(&message, message_of(format), &ap, &bare);
    log_line_begin(&line, log, level, buf_str(&message));
    known = known && print_pairs(&line, pairs_of(format), &ap);
    va_end(ap);
    if (!known)
        log_line_text(&line, STR_LITERAL("unreadable"), str_from(format));
    if (missing > 0) {
        snprintf(missing_text, sizeof(missing_text), "%u", missing);
        log_line_bare(&line, STR_LITERAL("suppressed"), str_from(missing_text));
    }
    log_line_end(&line);
}
