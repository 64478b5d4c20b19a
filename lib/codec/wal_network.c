/*
 * Whom the appliers may talk to, and who to them. Policies add up: whoever needs more adds one of
 * his own. Where a peer is known by a name only, every address may be reached at its ports.
 */
#include <string.h>

#include "base/address.h"
#include "codec/wal_applier_file.h"
#include "codec/wal_objects.h"

#define DNS "{\"ports\":[{\"protocol\":\"UDP\",\"port\":53},{\"protocol\":\"TCP\",\"port\":53}]}"

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

static void add_port(struct wal_writing *w, yyjson_mut_val *ports, int64_t port)
{
    yyjson_mut_val *v;
    size_t i, n;

    yyjson_mut_arr_foreach(
        ports, i, n, v) if (yyjson_mut_get_sint(yyjson_mut_obj_get(v, "port")) == port) return;
    v = yyjson_mut_arr_add_obj(w->doc, ports);
    yyjson_mut_obj_add_str(w->doc, v, "protocol", "TCP");
    yyjson_mut_obj_add_sint(w->doc, v, "port", port);
}

static void add_ports(struct wal_writing *w, yyjson_mut_val *ports, const char *addresses)
{
    struct str list = str_from(addresses), element;
    struct address a;

    while (address_list_next(&list, &element))
        if (address_parse(element, &a))
            add_port(w, ports, a.port);
}

/* What the URL says, or the scheme's. */
static int64_t port_of_url(const char *url)
{
    const char *host = strstr(url, "://") + strlen("://");
    const struct str authority = { host, strcspn(host, "/?#") };
    struct address a;

    if (address_parse(authority, &a) && a.port > 0)
        return a.port;
    return str_starts_with(str_from(url), STR_LITERAL("https:")) ? HTTPS_PORT : HTTP_PORT;
}

/* To the pods of the RedisFailover, Redis and Sentinel. */
static void allow_failover(struct wal_writing *w, yyjson_mut_val *egress)
{
    yyjson_mut_val *rule = yyjson_mut_arr_add_obj(w->doc, egress);
    yyjson_mut_val *peers = yyjson_mut_obj_add_arr(w->doc, rule, "to");
    yyjson_mut_val *peer = yyjson_mut_arr_add_obj(w->doc, peers);
    yyjson_mut_val *selector = yyjson_mut_obj_add_obj(w->doc, peer, "podSelector");
    yyjson_mut_val *labels = yyjson_mut_obj_add_obj(w->doc, selector, "matchLabels");

    yyjson_mut_obj_add_str(w->doc, labels, "app.kubernetes.io/part-of", "redis-failover");
    yyjson_mut_obj_add_str(w->doc, labels, "app.kubernetes.io/name", w->wal->spec.failover);
}

static void allow_peers(struct wal_writing *w, yyjson_mut_val *egress)
{
    const struct wal_spec *s = &w->wal->spec;
    yyjson_mut_val *rule = yyjson_mut_arr_add_obj(w->doc, egress);
    yyjson_mut_val *ports = yyjson_mut_obj_add_arr(w->doc, rule, "ports");

    add_ports(w, ports, s->brokers);
    if (s->redis)
        add_ports(w, ports, s->redis);
    if (s->sentinels) {
        add_ports(w, ports, s->sentinels);
        add_port(w, ports, s->redis_port);
    }
    if (s->registry)
        add_port(w, ports, port_of_url(s->registry));
}

void wal_write_network_policy(struct wal_writing *w)
{
    yyjson_mut_val *spec = yyjson_mut_obj_add_obj(w->doc, w->root, "spec");
    yyjson_mut_val *egress;

    wal_write_selector(w, yyjson_mut_obj_add_obj(w->doc, spec, "podSelector"), "matchLabels");
    wal_write_fixed(w, spec, "policyTypes", "['Ingress','Egress']");
    wal_write_fixed(w, spec, "ingress", "[{'ports':[{'protocol':'TCP','port':8080}]}]");
    egress = yyjson_mut_obj_add_arr(w->doc, spec, "egress");
    yyjson_mut_arr_add_val(egress, yyjson_mut_rawcpy(w->doc, DNS));
    if (w->wal->spec.failover)
        allow_failover(w, egress);
    allow_peers(w, egress);
}
