#include "watch.h"

#include <poll.h>

enum err_code watch(const struct invocation *in, int64_t interval_ms, watch_look_fn *look,
                    redraw_fn *print, void *self, struct err *err)
{
    struct redraw drawn = { 0 };

    for (;;) {
        const enum err_code rc = look(self, err);

        if (rc != ERR_OK && err_class(rc) != ERR_CLASS_RETRY)
            return rc;
        if (rc != ERR_OK) {
            call_complain(in, "%s", err->msg);
            drawn = (struct redraw){ 0 };
        } else if (!redraw(&drawn, call_output(in), print, self)) {
            return ERR_OK;
        }
        poll(NULL, 0, (int)interval_ms);
    }
}
