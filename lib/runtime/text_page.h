/*
 * A text that one thread writes and others show.
 */
#ifndef REDWAL_RUNTIME_TEXT_PAGE_H
#define REDWAL_RUNTIME_TEXT_PAGE_H

#include <pthread.h>

#include "base/buf.h"

struct text_page {
    pthread_mutex_t mutex; /* guards the text */
    struct buf text;
};

void text_page_init(struct text_page *p, size_t max_bytes);
void text_page_release(struct text_page *p);

void text_page_set(struct text_page *p, struct str text); /* nothing when it is larger */
void text_page_print(struct text_page *p, struct buf *out);

#endif
