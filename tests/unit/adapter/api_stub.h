/*
 * A server that answers each request with the bytes that stand for its path, on a thread of its
 * own.
 */
#ifndef REDWAL_TESTS_API_STUB_H
#define REDWAL_TESTS_API_STUB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { API_STUB_REQUESTS_MAX = 16, API_STUB_REQUEST_BYTES = 4096 };

struct api_page {
    const char *path; /* as it stands in the request line */
    const char *answer;
    size_t repeat; /* the answer's last byte is sent so often more */
    bool hold;     /* the connection then stays open, and silent */
};

struct api_stub {
    const struct api_page *pages; /* until one without a path: that is the answer to all else */
    int listener, port;
    pthread_t thread;
    int held[API_STUB_REQUESTS_MAX];
    size_t n_held;
    char requests[API_STUB_REQUESTS_MAX][API_STUB_REQUEST_BYTES]; /* read after api_stub_stop() */
    size_t n_requests;
};

void api_stub_start(struct api_stub *s, const struct api_page *pages);
void api_stub_stop(struct api_stub *s);

#endif
