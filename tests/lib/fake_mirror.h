/*
 * Kafka Connects of mirrors, each with one connector whose name is a letter. What is asked is
 * answered after a while; an order is taken at once unless `waits`, and the tasks end or begin
 * later.
 */
#ifndef REDWAL_TESTS_FAKE_MIRROR_H
#define REDWAL_TESTS_FAKE_MIRROR_H

#include "port/observe.h"

enum { FAKE_MIRROR_QUESTIONS = 64, FAKE_MIRROR_TEXT_MAX = 64 };

struct fake_connector {
    enum connector_state state;
    int64_t tasks_end_ms; /* when it is stopped: until then its tasks live */
    int64_t guarded_ms;   /* when a guard write was last taken; 0: never */
    int64_t changed_ms;   /* when it was last stopped, or let go on */
    bool is_silent;       /* nobody answers */
    bool is_missing;      /* Connect has none of that name */
    bool denies;          /* our user */
    bool refuses;         /* orders; looks are answered */
    bool lies;            /* says that its tasks are gone when they live, and they live on */
    int64_t stop_takes_ms;
    int64_t resume_takes_ms; /* not 0: nobody answers, and it is carried out unless overtaken */
    int64_t resumes_ms;      /* that is due then; 0: no such order is open */
    int64_t next;            /* offset at the source */
    unsigned n_refused, n_looks, n_stops, n_resumes, n_guards;
    char password[FAKE_MIRROR_TEXT_MAX]; /* that came with the last question */
};

/* Of one who asks. */
struct fake_mirror {
    struct fake_connector *connectors; /* of all who ask */
    int64_t (*now_ms)(void);
    int64_t (*delay_ms)(void *self); /* of an answer; NULL: none */
    bool waits; /* what is asked waits behind others for that long, and is begun then */
    void *self;
    void (*on_order)(void *self); /* one is being taken; NULL: nobody cares */
    struct fake_mirror_question {
        uint64_t wal; /* 0: free */
        int64_t due_ms;
        struct fake_connector *waits_for; /* NULL: it was answered */
        int32_t n;
        struct mirror_answer answer;
    } questions[FAKE_MIRROR_QUESTIONS];
};

void fake_mirror_release(struct fake_mirror *m); /* nothing of what was asked is answered */
struct mirror_observer_port fake_mirror_port(struct fake_mirror *m);

void fake_connector_stop(struct fake_connector *c, int64_t now_ms);
void fake_connector_resume(struct fake_connector *c, int64_t now_ms);
/* True: an order to go on that hung is carried out. */
bool fake_connector_catch_up(struct fake_connector *c, int64_t now_ms);
bool fake_connector_has_tasks(const struct fake_connector *c, int64_t now_ms);

#endif
