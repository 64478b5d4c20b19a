#include "api_stub.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

static void send_page(int fd, const struct api_page *page)
{
    const size_t n = strlen(page->answer);
    char many[65536];
    size_t left = page->repeat;

    memset(many, n > 0 ? page->answer[n - 1] : 'x', sizeof(many));
    if (!send_all(fd, page->answer, n))
        return;
    while (left > 0) {
        const size_t piece = left < sizeof(many) ? left : sizeof(many);

        if (!send_all(fd, many, piece))
            return;
        left -= piece;
    }
}

/* Headers, and as much of a body as came with them. */
static bool read_request(int fd, char *text)
{
    size_t n = 0;

    text[0] = '\0';
    while (!strstr(text, "\r\n\r\n")) {
        const ssize_t got = recv(fd, text + n, API_STUB_REQUEST_BYTES - 1 - n, 0);

        if (got <= 0)
            return false;
        n += (size_t)got;
        text[n] = '\0';
    }
    return true;
}

static const struct api_page *page_of(const struct api_stub *s, const char *request)
{
    const struct api_page *page = s->pages;
    const char *path = strchr(request, ' ');

    while (page->path && strncmp(path + 1, page->path, strlen(page->path)) != 0)
        page++;
    return page;
}

static void *serve(void *self)
{
    struct api_stub *s = self;
    int fd;

    while (s->n_requests < API_STUB_REQUESTS_MAX && (fd = accept(s->listener, NULL, NULL)) >= 0) {
        const struct api_page *page;

        if (!read_request(fd, s->requests[s->n_requests])) {
            close(fd);
            continue;
        }
        page = page_of(s, s->requests[s->n_requests++]);
        send_page(fd, page);
        if (page->hold)
            s->held[s->n_held++] = fd;
        else
            close(fd);
    }
    return NULL;
}

void api_stub_start(struct api_stub *s, const struct api_page *pages)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);

    memset(s, 0, sizeof(*s));
    s->pages = pages;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(s->listener, API_STUB_REQUESTS_MAX), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &size), 0);
    s->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

void api_stub_stop(struct api_stub *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (size_t i = 0; i < s->n_held; i++)
        close(s->held[i]);
}
