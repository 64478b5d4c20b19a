/*
 * Something that is looked at and shown: once, or again and again until somebody interrupts it.
 */
#ifndef KUBECTL_REDWAL_WATCH_H
#define KUBECTL_REDWAL_WATCH_H

#include "call.h"
#include "cli/option_table.h"
#include "redraw.h"

struct watch_options {
    bool watch;
    int64_t interval_ms;
};
/* --watch and --interval. */
extern const struct option_table watch_table;

typedef enum err_code watch_look_fn(void *self, struct err *err);
typedef enum exit_status watch_judge_fn(const void *self);

struct watched {
    watch_look_fn *look;
    redraw_fn *print;      /* its printer is that of watch_printer() */
    watch_judge_fn *judge; /* of what was shown once; NULL: it is EXIT_DONE */
    void *self;
};

/* As the options of the call say; the verb has watch_table. While it is watched, what may be gone
 * when it is tried again is complained about, be it the first look or a later one; what a human has
 * to mend ends it. */
enum exit_status watch_show(const struct invocation *in, const struct watched *watched);

/* For a document that may be one of many. */
void watch_printer(const struct invocation *in, struct terminal to, struct printer *ret);

#endif
