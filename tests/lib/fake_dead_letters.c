#include "fake_dead_letters.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void dead_letter_topic_release(struct dead_letter_topic *t)
{
    free(t->letters);
    *t = (struct dead_letter_topic){ 0 };
}

bool fake_producer_store(struct fake_producer *p, const struct fake_message *message,
                         const struct reject *reject)
{
    const struct record *record = &message->record.record;

    if (p->n_in_flight + p->n_receipts >= PRODUCER_QUEUE_MAX)
        return false;
    p->in_flight[p->n_in_flight++] =
        (struct dead_letter){ message->log, record->partition, record->offset, reject->reason };
    return true;
}

static void append(struct dead_letter_topic *t, const struct dead_letter *letter)
{
    if (t->n == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 16;
        t->letters = mem_resize(t->letters, t->capacity, sizeof(*t->letters));
    }
    t->letters[t->n++] = *letter;
}

void fake_producer_resolve(struct fake_producer *p, size_t i, enum dead_letter_fate fate)
{
    const struct dead_letter letter = p->in_flight[i];
    struct dead_letter_receipt *receipt = &p->receipts[p->n_receipts++];

    PRE(i < p->n_in_flight);
    memmove(p->in_flight + i, p->in_flight + i + 1, (--p->n_in_flight - i) * sizeof(letter));
    if (fate == FATE_STORED || fate == FATE_ACK_LOST)
        append(p->topic, &letter);
    *receipt =
        (struct dead_letter_receipt){ .partition = letter.partition,
                                      .offset = letter.offset,
                                      .stored = fate == FATE_STORED || fate == FATE_FALSELY_ACKED,
                                      .text = "no broker" };
}

bool fake_producer_receipt(struct fake_producer *p, struct dead_letter_receipt *ret_receipt)
{
    if (p->n_receipts == 0)
        return false;
    *ret_receipt = p->receipts[0];
    memmove(p->receipts, p->receipts + 1, --p->n_receipts * sizeof(*p->receipts));
    return true;
}
