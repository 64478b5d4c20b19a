#include "runtime/fold.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/clock.h"

enum { REASONS_MAX_BYTES = 1 << 20 };

enum give_up { GO_ON, STALLED, TOLD_TO };

struct fold {
    struct fold_settings settings;
    struct fold_ports ports;
    struct bounded_wal wal;
    struct uncollected_letters letters;
    struct health *health;
    struct metrics *metrics;
    int stop_descriptor; /* eventfd */
    enum give_up gives_up;
    uint64_t n_records;
    int64_t moved_at_ms;
};

static void give_up(struct fold *f, enum give_up why)
{
    const uint64_t one = 1;
    const ssize_t n = write(f->stop_descriptor, &one, sizeof(one));

    (void)n; /* an eventfd only refuses when it is full, and then it is readable */
    f->gives_up = why;
}

static void look(void *self, uint64_t n_records)
{
    struct fold *f = self;
    const int64_t now_ms = clock_monotonic_ms();

    if (n_records != f->n_records)
        f->moved_at_ms = now_ms;
    f->n_records = n_records;
    if (f->gives_up != GO_ON)
        return;
    if (!f->ports.watch.go_on(f->ports.watch.self, n_records))
        give_up(f, TOLD_TO);
    else if (now_ms - f->moved_at_ms > f->settings.stall_timeout_ms)
        give_up(f, STALLED);
}

struct fold *fold_new(const struct fold_settings *settings, const struct fold_ports *ports)
{
    struct fold *f = mem_new(1, sizeof(*f));
    const struct bounded_wal_watch watch = { look, f };

    f->settings = *settings;
    f->settings.apply.until_end = true;
    f->ports = *ports;
    f->health = health_new(NULL);
    f->metrics = metrics_new("");
    f->stop_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(f->stop_descriptor >= 0);
    f->moved_at_ms = clock_monotonic_ms();
    bounded_wal_init(&f->wal, &ports->wal, &watch);
    uncollected_letters_init(&f->letters);
    return f;
}

void fold_free(struct fold *f)
{
    if (!f)
        return;
    bounded_wal_release(&f->wal);
    uncollected_letters_release(&f->letters);
    health_free(f->health);
    metrics_free(f->metrics);
    close(f->stop_descriptor);
    free(f);
}

enum err_code fold_survey(struct fold *f, int64_t timeout_ms, struct log_facts **ret_facts,
                          int32_t *ret_n, struct err *err)
{
    return bounded_wal_survey(&f->wal, timeout_ms, ret_facts, ret_n, err);
}

/* What is not as it must be, in the words of /readyz. */
static void append_reasons(struct fold *f, char *ret, size_t size)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    size_t n = 0;

    buf_init(&text, REASONS_MAX_BYTES);
    health_print_ready(f->health, true, &text);
    ret[0] = '\0';
    for (struct str rest = buf_str(&text); rest.n > 0;) {
        const char *end = memchr(rest.p, '\n', rest.n);
        const size_t line = end ? (size_t)(end - rest.p) : rest.n;

        if (line > 4 && memcmp(rest.p, "[-] ", 4) == 0 && n + line < size) {
            memcpy(ret + n, rest.p + 4, line - 4);
            n += line - 4;
            memcpy(ret + n, "; ", 3);
            n += 2;
        }
        rest = end ? (struct str){ end + 1, rest.n - line - 1 } : (struct str){ 0 };
    }
    if (n >= 2)
        ret[n - 2] = '\0';
}

static enum err_code failed(struct fold *f, enum apply_loop_end end, struct err *err)
{
    char reasons[ERR_MSG_MAX];

    append_reasons(f, reasons, sizeof(reasons));
    if (end == APPLY_LOOP_HELD)
        return err_set(err, ERR_CORRUPT, "the log cannot be folded: %s", reasons);
    if (f->gives_up == TOLD_TO)
        return err_set(err, ERR_UNAVAILABLE, "interrupted");
    return err_set(err, ERR_TIMEOUT, "the log is not read on for %lld s: %s",
                   (long long)(f->settings.stall_timeout_ms / 1000), reasons);
}

enum err_code fold_to(struct fold *f, const int64_t *next, int32_t n_partitions, struct err *err)
{
    const struct apply_loop_ports ports = {
        .wal = bounded_wal_port(&f->wal),
        .sink = f->ports.sink,
        .registry = f->ports.registry,
        .dead_letters = uncollected_letters_port(&f->letters),
        .log = f->ports.log,
        .health = f->health,
        .metrics = f->metrics,
        .reader = f->ports.reader,
        .stop_descriptor = f->stop_descriptor,
    };
    enum apply_loop_end end;

    bounded_wal_begin(&f->wal, next, n_partitions);
    f->moved_at_ms = clock_monotonic_ms();
    end = apply_loop_run(&f->settings.apply, &ports);
    return end == APPLY_LOOP_AT_END ? ERR_OK : failed(f, end, err);
}

uint64_t fold_rejected(const struct fold *f, enum reject_reason reason)
{
    return f->letters.n[reason];
}
