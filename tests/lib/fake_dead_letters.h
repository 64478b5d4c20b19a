/*
 * The dead-letter topic and one applier's producer to it. What was offered is in flight until the
 * simulation says what became of it; its receipt may say less than the truth.
 */
#ifndef REDWAL_TESTS_FAKE_DEAD_LETTERS_H
#define REDWAL_TESTS_FAKE_DEAD_LETTERS_H

#include "fake_log.h"
#include "port/dead_letters.h"

struct dead_letter {
    const struct fake_log *log;
    int32_t partition;
    int64_t offset;
    enum reject_reason reason;
};

enum { PRODUCER_QUEUE_MAX = 24 };

enum dead_letter_fate {
    FATE_STORED,
    FATE_ACK_LOST,     /* stored, the receipt says no */
    FATE_LOST,         /* not stored, the receipt says no */
    FATE_PENDING,      /* nothing is heard of it */
    FATE_FALSELY_ACKED /* not stored, the receipt lies; no topic does this */
};

struct dead_letter_topic {
    struct dead_letter *letters;
    size_t n, capacity;
};

struct fake_producer {
    struct dead_letter_topic *topic;
    struct dead_letter in_flight[PRODUCER_QUEUE_MAX];
    size_t n_in_flight;
    struct dead_letter_receipt receipts[PRODUCER_QUEUE_MAX];
    size_t n_receipts;
};

void dead_letter_topic_release(struct dead_letter_topic *t);

/* False: its queue is full. */
bool fake_producer_store(struct fake_producer *p, const struct fake_message *message,
                         const struct reject *reject);
void fake_producer_resolve(struct fake_producer *p, size_t i, enum dead_letter_fate fate);
bool fake_producer_receipt(struct fake_producer *p, struct dead_letter_receipt *ret_receipt);

#endif
