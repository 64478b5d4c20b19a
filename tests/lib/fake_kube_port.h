/*
 * A port to the Kubernetes API that answers what a test says, when it says so.
 */
#ifndef REDWAL_TESTS_FAKE_KUBE_PORT_H
#define REDWAL_TESTS_FAKE_KUBE_PORT_H

#include "port/kube.h"

enum { FAKE_PORT_TRANSFERS_MAX = 4, FAKE_PORT_NEWS_MAX = 32 };

struct fake_kube_port {
    struct kube_request requests[FAKE_PORT_TRANSFERS_MAX];
    uint64_t ids[FAKE_PORT_TRANSFERS_MAX]; /* 0: free */
    uint64_t n_started;
    struct kube_news news[FAKE_PORT_NEWS_MAX];
    size_t n_news, next_news;
    const char *refuse; /* start() fails and says so; NULL: it does not */
};

struct kube fake_kube_port(struct fake_kube_port *p);
void fake_kube_port_release(struct fake_kube_port *p);

/* The only request under way; NULL when there is none. The test fails when there are several. */
const struct kube_request *fake_kube_port_request(const struct fake_kube_port *p);
/* Answers the only request, or one of that number; texts outlive the next step. */
void fake_kube_port_answer(struct fake_kube_port *p, int http, const char *body);
void fake_kube_port_answer_id(struct fake_kube_port *p, uint64_t id, int http, const char *body);
void fake_kube_port_lose(struct fake_kube_port *p);
void fake_kube_port_say(struct fake_kube_port *p, const char *bytes); /* more of a watch */

#endif
