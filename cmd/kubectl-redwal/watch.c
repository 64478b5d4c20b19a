#include "watch.h"

#include <poll.h>

#include "rediswal.h"

/* clang-format off */
static const struct option_spec specs[] = {
    { "watch",    OPTION_BOOL,     OPTION_FLAG, offsetof(struct watch_options, watch),       NULL,       "false", 0,   0,    NULL, "Watching", "Look again and again, until interrupted; a peer that is away is told of, and asked again" },
    { "interval", OPTION_DURATION, OPTION_FLAG, offsetof(struct watch_options, interval_ms), "DURATION", "2s",    100, HOUR, NULL, "Watching", "How often, with --watch" },
};
/* clang-format on */

const struct option_table watch_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct watch_options),
};

/* ERR_OK: whoever reads has gone. */
static enum err_code watch(const struct invocation *in, int64_t interval_ms,
                           const struct watched *w, struct err *err)
{
    struct redraw drawn = { 0 };

    for (bool is_first = true;; is_first = false) {
        const enum err_code rc = w->look(w->self, err);

        if (rc != ERR_OK && err_class(rc) != ERR_CLASS_RETRY)
            return rc;
        if (rc != ERR_OK) {
            call_complain(in, "%s", err->msg);
            if (is_first)
                rediswal_explain(in, rc);
            drawn = (struct redraw){ 0 };
        } else if (!redraw(&drawn, call_output(in), w->print, w->self)) {
            return ERR_OK;
        }
        poll(NULL, 0, (int)interval_ms);
    }
}

enum exit_status watch_show(const struct invocation *in, const struct watched *w)
{
    const struct watch_options *o = invocation_values(in, &watch_table);
    struct err err = { 0 };
    const enum err_code rc = o->watch ? watch(in, o->interval_ms, w, &err) : w->look(w->self, &err);

    if (rc != ERR_OK)
        return call_failed(in, &err);
    if (o->watch)
        return EXIT_DONE;
    if (!w->print(w->self, call_output(in)))
        return EXIT_FAILED;
    return w->judge ? w->judge(w->self) : EXIT_DONE;
}

void watch_printer(const struct invocation *in, struct terminal to, struct printer *ret)
{
    const struct watch_options *o = invocation_values(in, &watch_table);

    printer_init(ret, invocation_values(in, &print_table), to);
    ret->one_of_many = o->watch;
}
