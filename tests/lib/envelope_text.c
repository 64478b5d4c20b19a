#include "envelope_text.h"

#include <stdio.h>

#include "base/buf.h"

static void put_words(struct buf *out, const struct str *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_print(out, "|");
        for (size_t b = 0; b < words[i].n; b++)
            buf_print(out, "%c", words[i].p[b] ? words[i].p[b] : '0');
    }
}

static void put_operation(struct buf *out, const struct operation *op)
{
    buf_print(out, "%.*s %.*s %lld ", STR_ARGS(op->command), STR_ARGS(op->key),
              (long long)op->ttl_ms);
    put_words(out, op->args, op->n_args);
}

static void put_body(struct buf *out, const struct envelope *e)
{
    switch (e->kind) {
    case ENVELOPE_OPERATION:
        put_operation(out, e->operations);
        return;
    case ENVELOPE_ATOMIC:
        buf_print(out, "{");
        for (size_t i = 0; i < e->n_operations; i++) {
            buf_print(out, i == 0 ? "" : "; ");
            put_operation(out, &e->operations[i]);
        }
        buf_print(out, "}");
        return;
    case ENVELOPE_SCRIPT:
        buf_print(out, "script %.*s %.*s ", STR_ARGS(e->script.name), STR_ARGS(e->script.sha));
        put_words(out, e->script.keys, e->script.n_keys);
        buf_print(out, " ");
        put_words(out, e->script.args, e->script.n_args);
        return;
    case ENVELOPE_RELEASE:
        buf_print(out, "release %.*s %016llx %lld %lld", STR_ARGS(e->release.key),
                  (unsigned long long)e->release.token, (long long)e->release.parked,
                  (long long)e->release.retried);
        return;
    case ENVELOPE_SKIP:
        buf_print(out, "skip");
        return;
    case ENVELOPE_MARK:
        buf_print(out, "mark %lld at %lld, %s %016llx", (long long)e->mark.sequence,
                  (long long)e->mark.time_ms, e->mark.has_digest ? "digest" : "none",
                  (unsigned long long)e->mark.digest);
        return;
    }
}

static void put_claims(struct buf *out, const struct envelope *e)
{
    for (size_t i = 0; i < e->n_claims; i++)
        buf_print(out, " retries %.*s %016llx %lld", STR_ARGS(e->claims[i].key),
                  (unsigned long long)e->claims[i].token, (long long)e->claims[i].number);
}

void envelope_print(const struct envelope *envelope, char *ret_text)
{
    struct buf out = { 0 };

    buf_init(&out, ENVELOPE_TEXT_MAX - 1);
    buf_print(&out, "[%.*s] ", STR_ARGS(envelope->id));
    put_body(&out, envelope);
    put_claims(&out, envelope);
    snprintf(ret_text, ENVELOPE_TEXT_MAX, "%.*s", STR_ARGS(buf_str(&out)));
    buf_release(&out);
}

void reject_print(const struct reject *reject, char *ret_text)
{
    snprintf(ret_text, ENVELOPE_TEXT_MAX, "! %s", reject_code(reject->reason));
}
