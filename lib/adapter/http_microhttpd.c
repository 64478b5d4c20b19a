#include "adapter/http_microhttpd.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/address.h"
#include "base/mem.h"

enum { BACKLOG = 32, PORT_TEXT_MAX = 8 };

struct http_server {
    struct MHD_Daemon *daemon;
    const struct http_page *pages;
    size_t n_pages;
    char address[HTTP_ADDRESS_MAX];
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              const char *content_type, struct str body)
{
    /* libmicrohttpd does not write to a body that it must copy. */
    char *const bytes = (char *)(uintptr_t)body.p;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.n, bytes, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (!response)
        return MHD_NO;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   struct str body)
{
    return answer(connection, status, "text/plain; charset=utf-8", body);
}

static enum MHD_Result answer_index(const struct http_server *s, struct MHD_Connection *connection,
                                    unsigned status)
{
    CLEANUP(buf_release) struct buf body = { 0 };

    buf_init(&body, HTTP_BODY_MAX_BYTES);
    if (status == MHD_HTTP_NOT_FOUND)
        buf_print(&body, "no such page; there are:\n");
    for (size_t i = 0; i < s->n_pages; i++)
        buf_print(&body, "%s\n", s->pages[i].path);
    return answer_text(connection, status, buf_str(&body));
}

static struct str look_up(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                          const char *name)
{
    const char *value = NULL;
    size_t n = 0;

    if (MHD_lookup_connection_value_n(connection, kind, name, strlen(name), &value, &n) != MHD_YES)
        return (struct str){ 0 };
    return (struct str){ value ? value : "", n };
}

static enum MHD_Result answer_page(const struct http_page *page, struct MHD_Connection *connection)
{
    const struct http_request request = {
        .verbose = look_up(connection, MHD_GET_ARGUMENT_KIND, "verbose").p != NULL,
        .accept = look_up(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT),
    };
    struct http_answer a = { .content_type = page->content_type };
    enum MHD_Result result;
    unsigned status;

    buf_init(&a.body, HTTP_BODY_MAX_BYTES);
    status = page->render(page->self, &request, &a);
    result = answer(connection, status, a.content_type, buf_str(&a.body));
    buf_release(&a.body);
    return result;
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **seen)
{
    static char headers_seen;
    const struct http_server *s = self;

    (void)version;
    (void)upload;
    /* The first call is for the headers alone, the next ones for a body, which is not wanted. */
    if (!*seen) {
        *seen = &headers_seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                           STR_LITERAL("only GET and HEAD\n"));
    for (size_t i = 0; i < s->n_pages; i++)
        if (strcmp(url, s->pages[i].path) == 0)
            return answer_page(&s->pages[i], connection);
    return answer_index(s, connection, strcmp(url, "/") == 0 ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND);
}

static enum err_code resolve(struct address address, struct addrinfo **ret_list, struct err *err)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    char host[ADDRESS_HOST_MAX + 1], port[PORT_TEXT_MAX];
    int rc;

    snprintf(host, sizeof(host), "%.*s", STR_ARGS(address.host));
    snprintf(port, sizeof(port), "%u", (unsigned)address.port);
    rc = getaddrinfo(address.host.n > 0 ? host : NULL, port, &hints, ret_list);
    if (rc != 0)
        return err_set(err, ERR_INVALID, "%s", gai_strerror(rc));
    return ERR_OK;
}

static int listen_on(const struct addrinfo *a)
{
    const int one = 1, zero = 0;
    const int fd =
        socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    int saved;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    /* "[::]:8080" takes IPv4 too, whatever the system's default is. */
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* IPv6 first when every address is meant: its socket takes IPv4 too. */
static int listen_on_first(const struct addrinfo *list, bool every_address)
{
    int fd = -1;

    for (const struct addrinfo *a = list; every_address && a && fd < 0; a = a->ai_next)
        if (a->ai_family == AF_INET6)
            fd = listen_on(a);
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = listen_on(a);
    return fd;
}

static void print_address(int fd, char ret[HTTP_ADDRESS_MAX])
{
    struct sockaddr_storage storage = { 0 };
    socklen_t size = sizeof(storage);
    char host[ADDRESS_HOST_MAX + 1] = "?", port[PORT_TEXT_MAX] = "?";

    if (getsockname(fd, (struct sockaddr *)&storage, &size) == 0)
        getnameinfo((struct sockaddr *)&storage, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(ret, HTTP_ADDRESS_MAX, storage.ss_family == AF_INET6 ? "[%.60s]:%s" : "%.60s:%s", host,
             port);
}

static enum err_code open_socket(const char *text, int *ret_fd, struct err *err)
{
    struct addrinfo *list = NULL;
    struct address address;
    enum err_code rc;

    if (!address_parse(str_from(text), &address))
        return err_set(err, ERR_INVALID, "not an address");
    rc = resolve(address, &list, err);
    if (rc != ERR_OK)
        return rc;
    *ret_fd = listen_on_first(list, address.host.n == 0);
    freeaddrinfo(list);
    if (*ret_fd < 0)
        return err_set(err, ERR_INVALID, "%s", strerror(errno));
    return ERR_OK;
}

static void ignore_complaint(void *self, const char *format, va_list ap)
{
    (void)self;
    (void)format;
    (void)ap;
}

enum err_code http_server_new(const char *address, const struct http_page *pages, size_t n_pages,
                              struct http_server **ret_server, struct err *err)
{
    const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC;
    struct http_server *s;
    int fd = -1;
    enum err_code rc = open_socket(address, &fd, err);

    if (rc != ERR_OK)
        return err_wrap(err, rc, "cannot listen on '%s'", address);

    s = mem_new(1, sizeof(*s));
    s->pages = pages;
    s->n_pages = n_pages;
    print_address(fd, s->address);
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, ignore_complaint, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_BYTES_MAX, MHD_OPTION_END);
    if (!s->daemon) {
        close(fd);
        free(s);
        return err_set(err, ERR_UNAVAILABLE, "cannot start the HTTP server on '%s'", address);
    }
    *ret_server = s;
    return ERR_OK;
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    MHD_stop_daemon(s->daemon);
    free(s);
}

const char *http_server_address(const struct http_server *s)
{
    return s->address;
}
