#include "pages.h"

#include "cli/option_print.h"
#include "runtime/clock.h"
#include "runtime/controller_metrics.h"

enum { DETAILS_MAX_BYTES = 4096 };

void pages_init(struct pages *p)
{
    *p = (struct pages){ .written_ms = -PAGES_EVERY_MS };
    heartbeat_beat(&p->heartbeat, clock_monotonic_ms());
    text_page_init(&p->details, DETAILS_MAX_BYTES);
    text_page_init(&p->prometheus, CONTROLLER_METRICS_MAX_BYTES);
    text_page_init(&p->openmetrics, CONTROLLER_METRICS_MAX_BYTES);
    text_page_init(&p->config, OPTION_PRINT_MAX_BYTES);
}

void pages_release(struct pages *p)
{
    text_page_release(&p->details);
    text_page_release(&p->prometheus);
    text_page_release(&p->openmetrics);
    text_page_release(&p->config);
}

static void write_metrics(struct text_page *page, enum metrics_format format,
                          const struct wal_reconciler *r,
                          const struct wal_reconciler_counts *counts, struct controller_times times)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, CONTROLLER_METRICS_MAX_BYTES);
    controller_metrics_print(counts, wal_reconciler_looks(r), REDWAL_VERSION, times, format, &text);
    text_page_set(page, buf_str(&text));
}

static void write_details(struct text_page *page, const struct wal_reconciler *r,
                          const struct wal_reconciler_counts *c)
{
    const char *holder = wal_reconciler_holder(r);
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, DETAILS_MAX_BYTES);
    buf_print(&text, "[%s] api-server %s\n", c->synced ? "+" : "-",
              c->synced ? "everything that is followed was listed"
                        : "not everything that is followed was listed yet; see the log");
    buf_print(&text, "[+] lease %s%s\n",
              c->leads            ? "ours"
              : holder[0] != '\0' ? "of "
                                  : "of nobody",
              c->leads ? "" : holder);
    buf_print(&text, "[+] rediswals %zu, %zu with work to do\n", c->wals, c->waiting);
    text_page_set(page, buf_str(&text));
}

void pages_update(struct pages *p, const struct wal_reconciler *r, int64_t now_ms)
{
    const struct controller_times times = { now_ms, clock_wall_ms() };
    struct wal_reconciler_counts counts;

    heartbeat_beat(&p->heartbeat, clock_monotonic_ms());
    if (now_ms - p->written_ms < PAGES_EVERY_MS)
        return;
    p->written_ms = now_ms;
    counts = wal_reconciler_counts(r);
    counts.reloads = p->reloads;
    counts.reload_failures = p->reload_failures;
    counts.reload_failed = p->reload_failed;
    atomic_store(&p->ready, counts.synced);
    write_details(&p->details, r, &counts);
    write_metrics(&p->prometheus, METRICS_PROMETHEUS, r, &counts, times);
    write_metrics(&p->openmetrics, METRICS_OPENMETRICS, r, &counts, times);
}

static unsigned render_alive(void *self, const struct http_request *request,
                             struct http_answer *answer)
{
    struct pages *p = self;

    (void)request;
    return heartbeat_print(&p->heartbeat, clock_monotonic_ms(), &answer->body) ? 200 : 503;
}

static unsigned render_ready(void *self, const struct http_request *request,
                             struct http_answer *answer)
{
    struct pages *p = self;
    const bool ready = atomic_load(&p->ready);

    if (request->verbose)
        text_page_print(&p->details, &answer->body);
    buf_print(&answer->body, ready ? "ready\n" : "not ready%s\n",
              request->verbose ? "" : ", see /readyz?verbose");
    return ready ? 200 : 503;
}

static unsigned render_metrics(void *self, const struct http_request *request,
                               struct http_answer *answer)
{
    const enum metrics_format format = metrics_format_wanted(request->accept);
    struct pages *p = self;

    answer->content_type = metrics_format_content_type(format);
    text_page_print(format == METRICS_OPENMETRICS ? &p->openmetrics : &p->prometheus,
                    &answer->body);
    return 200;
}

static unsigned render_config(void *self, const struct http_request *request,
                              struct http_answer *answer)
{
    struct pages *p = self;

    (void)request;
    text_page_print(&p->config, &answer->body);
    return 200;
}

void pages_list(struct pages *p, struct http_page ret[PAGES_COUNT])
{
    ret[0] = (struct http_page){ "/livez", "text/plain; charset=utf-8", render_alive, p };
    ret[1] = (struct http_page){ "/readyz", "text/plain; charset=utf-8", render_ready, p };
    ret[2] = (struct http_page){ "/metrics", "text/plain; charset=utf-8", render_metrics, p };
    ret[3] = (struct http_page){ "/config", "application/yaml; charset=utf-8", render_config, p };
}
