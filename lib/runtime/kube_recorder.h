/*
 * Writes Events: core/kube_events.h over a client. Telling never stands in the way of doing: what
 * the API server does not take is dropped and counted.
 */
#ifndef REDWAL_RUNTIME_KUBE_RECORDER_H
#define REDWAL_RUNTIME_KUBE_RECORDER_H

#include "codec/kube_objects.h"
#include "core/kube_events.h"
#include "runtime/kube_client.h"

enum {
    KUBE_EVENT_REFRESH_MS = 60 * 1000,    /* a series is updated at most that often */
    KUBE_EVENT_FINISH_MS = 6 * 60 * 1000, /* and a new one begins after that much silence */
};

struct kube_recorder;

/* `reporter` is borrowed. */
struct kube_recorder *kube_recorder_new(struct kube_client *client,
                                        const struct kube_reporter *reporter, int64_t refresh_ms);
void kube_recorder_free(struct kube_recorder *r); /* NULL is fine */

/* It happened: see kube_events_add(). */
enum err_code kube_recorder_add(struct kube_recorder *r, const struct kube_event *event,
                                int64_t now_ms, int64_t wall_ms, struct err *err);

/* Writes what is due, one at a time. Call it after kube_client_step(), and when
 * kube_recorder_due_ms() has come. */
void kube_recorder_step(struct kube_recorder *r, int64_t now_ms);
int64_t kube_recorder_due_ms(const struct kube_recorder *r); /* INT64_MAX: never by itself */

bool kube_recorder_is_idle(const struct kube_recorder *r); /* nothing is or waits to be written */
uint64_t kube_recorder_refused(const struct kube_recorder *r); /* events that nobody will see */

#endif
