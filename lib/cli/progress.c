#include "cli/progress.h"

#include "cli/cell.h"

enum { LINE_BYTES_MAX = 256 };

#define ERASE_LINE "\r\033[K"

void progress_begin(struct progress *p, struct terminal to, const char *unit, int64_t total,
                    int64_t now_ms)
{
    *p = (struct progress){
        .to = to,
        .unit = unit,
        .total = total,
        .began_ms = now_ms,
        .shown_ms =
            now_ms + PROGRESS_PATIENCE_MS - (to.is_terminal ? PROGRESS_DRAW_MS : PROGRESS_LINE_MS),
    };
}

void progress_print(const struct progress *p, int64_t now_ms, struct buf *out)
{
    const int64_t elapsed_ms = now_ms > p->began_ms ? now_ms - p->began_ms : 1;
    const int64_t rate = p->done * 1000 / elapsed_ms;

    count_print(p->done, out);
    if (p->total > 0) {
        buf_print(out, " of ");
        count_print(p->total, out);
    }
    buf_print(out, " %s", p->unit);
    if (p->total > 0)
        buf_print(out, "  %d %%", (int)(p->done * 100 / p->total));
    buf_print(out, "  ");
    count_print(rate, out);
    buf_print(out, "/s");
    if (rate > 0 && p->total > p->done) {
        buf_print(out, "  ");
        duration_print((p->total - p->done) * 1000 / rate, out);
        buf_print(out, " left");
    }
}

void progress_at(struct progress *p, int64_t done, int64_t now_ms)
{
    CLEANUP(buf_release) struct buf line = { 0 };
    const int64_t pause_ms = p->to.is_terminal ? PROGRESS_DRAW_MS : PROGRESS_LINE_MS;

    p->done = done;
    if (now_ms - p->shown_ms < pause_ms)
        return;
    p->shown_ms = now_ms;
    buf_init(&line, LINE_BYTES_MAX);
    progress_print(p, now_ms, &line);
    fprintf(p->to.out, "%s%.*s%s", p->to.is_terminal ? ERASE_LINE : "", STR_ARGS(buf_str(&line)),
            p->to.is_terminal ? "" : "\n");
    fflush(p->to.out);
    p->drawn = p->to.is_terminal;
}

void progress_clear(struct progress *p)
{
    if (!p->drawn)
        return;
    fputs(ERASE_LINE, p->to.out);
    fflush(p->to.out);
    p->drawn = false;
}
