#include "core/kube_status.h"

#include <stdio.h>

static const struct {
    const char *text;
    int http;
    enum err_code code;
} reasons[KUBE_REASON_COUNT] = { [KUBE_REASON_OTHER] = { "Unknown", 0, ERR_UNSUPPORTED },
#define ROW(name, text, http, err) [KUBE_REASON_##name] = { text, http, ERR_##err },
                                 KUBE_REASONS(ROW)
#undef ROW
};

enum kube_reason kube_reason_from(struct str text)
{
    for (int i = KUBE_REASON_OTHER + 1; i < KUBE_REASON_COUNT; i++)
        if (str_eq(text, str_from(reasons[i].text)))
            return (enum kube_reason)i;
    return KUBE_REASON_OTHER;
}

enum kube_reason kube_reason_of_http(int http)
{
    if (http == 409) /* whoever creates learns more from the reason, which is missing here */
        return KUBE_REASON_CONFLICT;
    for (int i = KUBE_REASON_OTHER + 1; i < KUBE_REASON_COUNT; i++)
        if (reasons[i].http == http)
            return (enum kube_reason)i;
    return http >= 500 ? KUBE_REASON_INTERNAL : KUBE_REASON_OTHER;
}

const char *kube_reason_text(enum kube_reason reason)
{
    return reasons[reason].text;
}

void kube_status_set_lost(struct kube_status *status, const char *why)
{
    *status = (struct kube_status){ .retry_after_ms = KUBE_RETRY_AFTER_NONE };
    snprintf(status->message, sizeof(status->message), "%s", why);
}

bool kube_status_is_expired(const struct kube_status *status)
{
    return status->reason == KUBE_REASON_EXPIRED || status->reason == KUBE_REASON_GONE;
}

enum err_code kube_status_to_err(const struct kube_status *status, struct err *err)
{
    if (status->http == 0)
        return err_set(err, ERR_UNAVAILABLE, "no answer from the API server: %s", status->message);
    return err_set(err, reasons[status->reason].code, "the API server says %d %s: %s", status->http,
                   reasons[status->reason].text, status->message);
}
