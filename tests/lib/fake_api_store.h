/* The objects of a fake API server and their history; for fake_api*.c alone. */
#ifndef REDWAL_TESTS_FAKE_API_STORE_H
#define REDWAL_TESTS_FAKE_API_STORE_H

#include "fake_api.h"

struct fake_api_object *fake_api_new_object(struct fake_api *a, const char *collection,
                                            const char *scope, const char *name);
void fake_api_free_object(struct fake_api_object *o);
/* True: it is another than before. Takes the text. */
bool fake_api_set_text(struct fake_api *a, struct fake_api_object *o, char *text);
bool fake_api_is_labelled(const struct fake_api *a, const char *text);

#endif
