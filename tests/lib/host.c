/* An applier and the shell around it, in the order of lib/runtime/apply_loop.c. */
#include <stdlib.h>

#include "codec/record_digest.h"
#include "world.h"

enum { RELEASE_MAX = 64, READ_MAX = 64, REPLY_BYTES_MAX = 1 << 20 };

/* --- life ------------------------------------------------------------------------------------- */

void host_start(struct world *w, struct host *h)
{
    struct applier_settings settings = w->settings;

    settings.seed = prng_next(&w->prng);
    h->generation++;
    h->dying = false;
    h->postpones = false;
    h->link = LINK_NONE;
    h->json = record_json_new();
    h->applier = applier_new(&settings, w->now_ms);
    resp_stream_init(&h->replies);
    fake_member_init(&h->member, world_log(w));
    h->producer = (struct fake_producer){ .topic = &w->dead_letters };
    world_trace(w, h->name, "starts");
}

static void release_messages(struct host *h)
{
    void *messages[RELEASE_MAX];
    size_t n;

    while ((n = applier_take_released(h->applier, messages, RELEASE_MAX)) > 0)
        for (size_t i = 0; i < n; i++)
            fake_member_release_message(&h->member, messages[i]);
}

/* What is on its way to the dead-letter topic may arrive or not. */
static void lose_dead_letters(struct world *w, struct host *h)
{
    while (h->producer.n_in_flight > 0)
        fake_producer_resolve(&h->producer, 0,
                              prng_chance(&w->prng, 500) ? FATE_STORED : FATE_LOST);
}

void host_stop(struct world *w, struct host *h)
{
    world_hang_up(w, h);
    applier_abandon(h->applier);
    release_messages(h);
    applier_free(h->applier);
    h->applier = NULL;
    record_json_free(h->json);
    resp_stream_release(&h->replies);
    fake_member_release(&h->member);
    lose_dead_letters(w, h);
    for (int32_t i = 0; i < LOG_PARTITIONS_MAX; i++)
        if (w->owner[i] == h->number)
            w->owner[i] = HOST_NONE;
    world_trace(w, h->name, "is gone");
}

/* Every step of an applier may be its last. */
static bool dies(struct world *w, struct host *h)
{
    if (!h->dying && fault_tick(&w->crash_fault)) {
        world_trace(w, h->name, "crashes");
        h->dying = true;
    }
    return h->dying;
}

/* --- effects ---------------------------------------------------------------------------------- */

static void connect_primary(struct world *w, struct host *h)
{
    struct primary_facts facts;

    h->link = world_connect(w, h, &facts);
    if (h->link == LINK_NONE) {
        applier_connect_failed(h->applier, "refused", w->now_ms);
        return;
    }
    resp_stream_release(&h->replies);
    resp_stream_init(&h->replies);
    h->commands = facts.commands;
    h->context.server = &h->commands;
    h->context.scripts = w->settings.scripts;
    applier_connected(h->applier, &facts, w->now_ms);
}

static void store_dead_letter(struct world *w, struct host *h, const struct effect *effect)
{
    if (fault_tick(&w->call_fault) ||
        !fake_producer_store(&h->producer, effect->message, effect->reject))
        applier_dead_letter(h->applier, effect->partition, effect->offset, false, "queue is full",
                            w->now_ms);
}

static void start_in_log(struct world *w, struct host *h, const struct effect *effect)
{
    if (fault_tick(&w->call_fault))
        applier_out_of_log(h->applier, effect->partition, w->now_ms);
    else
        fake_member_start(&h->member, effect->partition, effect->offset);
}

static void run_effect(struct world *w, struct host *h, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_CONNECT:
        connect_primary(w, h);
        return;
    case EFFECT_DISCONNECT:
        world_hang_up(w, h);
        return;
    case EFFECT_ASK_FACTS:
        if (!fault_tick(&w->call_fault))
            fake_member_ask_facts(&h->member, effect->partition);
        return;
    case EFFECT_START:
        world_trace(w, h->name, "starts partition %d at %lld", (int)effect->partition,
                    (long long)effect->offset);
        start_in_log(w, h, effect);
        return;
    case EFFECT_STOP:
        world_trace(w, h->name, "stops partition %d", (int)effect->partition);
        fake_member_stop(&h->member, effect->partition);
        return;
    case EFFECT_STORE_DEAD_LETTER:
        store_dead_letter(w, h, effect);
        return;
    case EFFECT_COMMIT:
        if (effect->offset > world_log(w)->partitions[effect->partition].end)
            world_violate(w, "%s commits offset %lld, past the end", h->name,
                          (long long)effect->offset);
        return;
    case EFFECT_NOTE:
        world_trace(w, h->name, "%s", effect->note);
        return;
    }
}

static void send(struct world *w, struct host *h)
{
    struct buf *output = applier_output(h->applier);

    if (output->n == 0)
        return;
    if (h->link == LINK_NONE || fault_tick(&w->call_fault)) {
        buf_clear(output);
        world_hang_up(w, h);
        applier_disconnected(h->applier, "broken pipe", w->now_ms);
        return;
    }
    if (!buf_append(&w->links[h->link].to_server, output->p, output->n))
        UNREACHABLE("the applier bounds what it sends");
    buf_clear(output);
}

static void act(struct world *w, struct host *h)
{
    struct effect effect;

    do {
        while (!dies(w, h) && applier_next_effect(h->applier, &effect))
            run_effect(w, h, &effect);
        if (!h->dying)
            send(w, h);
    } while (!h->dying && applier_has_effects(h->applier));
    release_messages(h);
    if (h->dying)
        host_stop(w, h);
}

/* --- events ----------------------------------------------------------------------------------- */

void host_read_replies(struct world *w, struct host *h, const char *bytes, size_t n)
{
    const struct reply *reply;

    resp_stream_feed(&h->replies, bytes, n);
    while (!dies(w, h) && (reply = resp_stream_next(&h->replies)))
        if (!applier_reply(h->applier, reply, w->now_ms))
            break;
    act(w, h);
}

void host_disconnected(struct world *w, struct host *h)
{
    applier_disconnected(h->applier, "connection reset by peer", w->now_ms);
    act(w, h);
}

static void take_event(struct world *w, struct host *h, const struct wal_event *event)
{
    const int32_t partition = event->partition;

    switch (event->type) {
    case WAL_ASSIGNED:
        world_trace(w, h->name, "is given partition %d", (int)partition);
        applier_assigned(h->applier, partition, w->now_ms);
        return;
    case WAL_REVOKED:
        world_trace(w, h->name, "hears that partition %d is gone", (int)partition);
        applier_revoked(h->applier, partition, w->now_ms);
        return;
    case WAL_END:
        world_trace(w, h->name, "is at the end of partition %d, %lld", (int)partition,
                    (long long)event->offset);
        applier_log_end(h->applier, partition, event->offset, w->now_ms);
        return;
    case WAL_OUT_OF_LOG:
        world_trace(w, h->name, "is out of the log of partition %d", (int)partition);
        applier_out_of_log(h->applier, partition, w->now_ms);
        return;
    case WAL_FACTS:
        applier_log_facts(h->applier, partition, event->facts.log, event->facts.begin,
                          event->facts.end, w->now_ms);
        return;
    case WAL_BALANCED:
    case WAL_TROUBLE:
    case WAL_RECOVERED:
        return;
    }
}

void host_take_events(struct world *w, struct host *h)
{
    struct wal_event event;

    while (!dies(w, h) && fake_member_event(&h->member, &event))
        take_event(w, h, &event);
    if (h->postpones && !h->dying && (w->trouble == 0 || prng_chance(&w->prng, 300))) {
        world_trace(w, h->name, "goes on with what it postponed");
        applier_proceed(h->applier);
        h->postpones = false;
    }
    if (h->hinted && !h->dying)
        applier_primary_moved(h->applier, w->now_ms);
    h->hinted = false;
    act(w, h);
}

void host_take_receipts(struct world *w, struct host *h)
{
    struct dead_letter_receipt receipt;

    while (!dies(w, h) && fake_producer_receipt(&h->producer, &receipt))
        applier_dead_letter(h->applier, receipt.partition, receipt.offset, receipt.stored,
                            receipt.text, w->now_ms);
    act(w, h);
}

/* --- records ---------------------------------------------------------------------------------- */

static void prepare(struct host *h, const struct wal_record *record, struct prepared *ret)
{
    const struct record *r = &record->record;
    struct buf *commands = applier_commands(h->applier, r->partition);
    const size_t before = commands->n;
    struct canonical canonical = { 0 };
    struct envelope envelope = { 0 };

    *ret = (struct prepared){ .partition = r->partition,
                              .offset = r->offset,
                              .timestamp_ms = r->timestamp_ms,
                              .log_ms = h->context.log_time.now_ms,
                              .message = record->message,
                              .digest = record_digest(r) };
    if (!record_json_decode(h->json, r, &envelope, &h->reject)) {
        ret->reject = &h->reject;
        envelope_keys_name(&h->keys, r, NULL);
    } else if (!canonical_envelope_append(r, &envelope, &h->context, commands, &h->keys, &canonical,
                                          &h->reject)) {
        ret->reject = &h->reject;
        envelope_keys_name(&h->keys, r, &envelope);
    }
    ret->keys = h->keys.keys;
    ret->n_keys = h->keys.n;
    ret->claims = envelope.claims;
    ret->n_claims = envelope.n_claims;
    if (ret->reject)
        return;
    h->release = envelope.release;
    h->mark = envelope.mark;
    if (envelope.kind == ENVELOPE_RELEASE)
        ret->release = &h->release;
    if (envelope.kind == ENVELOPE_MARK)
        ret->mark = &h->mark;
    ret->n_bytes = (uint32_t)(commands->n - before);
    ret->n_commands = canonical.n_commands;
    ret->kind = envelope.kind;
    ret->failure = canonical.failure;
    ret->key_type = canonical.key_type;
    ret->wants = canonical.wants;
    ret->has_id = envelope.id.n > 0;
    if (ret->has_id)
        ret->id = record_id_hash(envelope.id);
}

/* As a record whose schema the registry does not tell. */
static bool must_be_postponed(struct world *w)
{
    return fault_tick(&w->call_fault) || (w->trouble > 0 && prng_chance(&w->prng, w->trouble));
}

static void take_record(struct world *w, struct host *h, const struct wal_record *record)
{
    const struct record *r = &record->record;
    struct prepared prepared;

    if (must_be_postponed(w)) {
        world_trace(w, h->name, "postpones partition %d offset %lld", (int)r->partition,
                    (long long)r->offset);
        applier_postpone(h->applier, r->partition, r->offset, record->message, w->now_ms);
        h->postpones = true;
        return;
    }
    world_trace(w, h->name, "reads partition %d offset %lld", (int)r->partition,
                (long long)r->offset);
    h->context.log_time = applier_log_time(h->applier, r->partition, r->timestamp_ms, w->now_ms);
    prepare(h, record, &prepared);
    applier_offer(h->applier, &prepared, w->now_ms);
}

void host_take_records(struct world *w, struct host *h, size_t max)
{
    struct wal_record records[READ_MAX];
    size_t n = applier_room(h->applier);

    n = n < max ? n : max;
    n = fake_member_read(&h->member, records, n < READ_MAX ? n : READ_MAX);
    for (size_t i = 0; i < n; i++)
        take_record(w, h, &records[i]);
    if (n > 0)
        applier_flush(h->applier, w->now_ms);
    act(w, h);
}

void host_tick(struct world *w, struct host *h)
{
    if (w->now_ms >= applier_wakes_at_ms(h->applier))
        applier_tick(h->applier, w->now_ms);
    act(w, h);
}
