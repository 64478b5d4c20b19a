#include "runtime/text_page.h"

void text_page_init(struct text_page *p, size_t max_bytes)
{
    pthread_mutex_init(&p->mutex, NULL);
    buf_init(&p->text, max_bytes);
}

void text_page_release(struct text_page *p)
{
    pthread_mutex_destroy(&p->mutex);
    buf_release(&p->text);
}

void text_page_set(struct text_page *p, struct str text)
{
    pthread_mutex_lock(&p->mutex);
    buf_clear(&p->text);
    buf_print(&p->text, "%.*s", STR_ARGS(text));
    pthread_mutex_unlock(&p->mutex);
}

void text_page_print(struct text_page *p, struct buf *out)
{
    pthread_mutex_lock(&p->mutex);
    buf_print(out, "%.*s", STR_ARGS(buf_str(&p->text)));
    pthread_mutex_unlock(&p->mutex);
}
