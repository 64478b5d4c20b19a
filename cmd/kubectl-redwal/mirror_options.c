#include "mirror_options.h"

#define SPEC(...) OPTION_SPEC_IN(struct mirror_options, __VA_ARGS__)
static const struct option_spec specs[] = { MIRROR_OPTIONS(SPEC) };
#undef SPEC

const struct option_table mirror_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct mirror_options),
};

bool mirror_options_name_one(const struct invocation *in)
{
    const struct mirror_options *o = invocation_values(in, &mirror_table);

    return o->url || o->connector || o->maker;
}

void mirror_options_check(struct invocation *in)
{
    const struct mirror_options *o = invocation_values(in, &mirror_table);

    if (!o->url && !o->maker && !o->offsets)
        option_set_problem(&in->set, "--kafka-connect or --mirror-maker is required");
    if (!o->connector && !o->maker)
        option_set_problem(&in->set, "--connector or --mirror-maker is required");
    if (o->connector && o->maker)
        option_set_problem(&in->set, "--mirror-maker names the connector itself: leave "
                                     "--connector out");
    if (o->source && !o->maker)
        option_set_problem(&in->set, "--source-alias needs --mirror-maker");
    if (o->offsets_brokers && !o->offsets)
        option_set_problem(&in->set, "--offsets-brokers needs --offsets-topic");
    if (!o->user != !o->password.path)
        option_set_problem(&in->set,
                           "--kafka-connect-user and --kafka-connect-password-file go together");
    if (!o->cert != !o->key)
        option_set_problem(&in->set, "--kafka-connect-cert and --kafka-connect-key go together");
}

struct http_access mirror_access(const struct mirror_options *o, int64_t timeout_ms)
{
    return (struct http_access){
        .url = o->url,
        .user = o->user,
        .password = o->password.secret.text,
        .ca = o->ca,
        .cert = o->cert,
        .key = o->key,
        .timeout_ms = timeout_ms,
    };
}
