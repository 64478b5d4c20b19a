#include "revert_letters.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_json.h"
#include "link.h"
#include "mailbox.h"

enum err_code revert_letters_begin(struct revert_letters *l, const struct invocation *in,
                                   struct err *err)
{
    struct scan scan;
    const enum err_code rc = scan_prepare(in, link_options(in)->dlq_topic, &scan, err);

    if (rc == ERR_OK) {
        l->n = scan.survey.n;
        l->from = mem_new((size_t)l->n + 1, sizeof(*l->from));
        for (int32_t i = 0; i < l->n; i++)
            l->from[i] = scan.until[i];
    }
    scan_release(&scan);
    return rc;
}

void revert_letters_release(struct revert_letters *l)
{
    free(l->from);
    *l = (struct revert_letters){ 0 };
}

struct telling {
    struct comparison *comparison;
    struct record_json *decoder;
};

static bool tell(void *self, const struct mail *mail)
{
    const struct telling *t = self;
    struct envelope envelope;
    struct reject reject;

    if (record_json_decode(t->decoder, &mail->record, &envelope, &reject))
        revert_tell_rejected(t->comparison->revert, &mail->record, &envelope, mail->reason,
                             mail->letter->state);
    return true;
}

static enum err_code tell_from(struct comparison *c, const int64_t *from, int32_t n,
                               struct err *err)
{
    static const struct mail_filter all = { .any_state = true };
    CLEANUP(mailbox_release) struct mailbox mailbox = { 0 };
    struct telling telling = { c, record_json_new() };
    enum err_code rc = mailbox_open_from(&mailbox, c->in, from, n, err);

    if (rc == ERR_OK)
        rc = mailbox_each(&mailbox, &all, tell, &telling, err);
    record_json_free(telling.decoder);
    return rc;
}

enum err_code revert_letters_tell(const struct revert_letters *l, struct comparison *c,
                                  struct err *err)
{
    struct err ignored = { 0 };
    enum err_code rc;

    if (!revert_goes_on(c->revert))
        return tell_from(c, l->from, l->n, err);
    /* Keys that it had made already may have letters of any age. Where those cannot all be read,
     * what is told of the others is still so. */
    rc = tell_from(c, NULL, 0, err);
    if (rc != ERR_OK)
        tell_from(c, l->from, l->n, &ignored);
    return rc;
}
