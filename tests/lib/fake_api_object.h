/*
 * What a fake API server does to the texts of objects. Texts that are returned are the caller's to
 * free().
 */
#ifndef REDWAL_TESTS_FAKE_API_OBJECT_H
#define REDWAL_TESTS_FAKE_API_OBJECT_H

#include "base/buf.h"

/* With metadata.uid and resourceVersion. */
char *fake_object_stamp(const char *text, int64_t uid, int64_t version);
/* But for metadata.resourceVersion and uid. */
bool fake_object_is_same(const char *a, const char *b);
/* What applying `body` makes of `before`, which may be NULL. */
char *fake_object_applied(const char *before, struct str body, bool status);

/* It says nothing but which finalizers there are. */
bool fake_object_is_of_finalizers(struct str body);
char *fake_object_merged(const char *before, struct str patch);
/* The same by a JSON patch; NULL: a test of it fails. */
char *fake_object_patched(const char *before, struct str operations);

int64_t fake_object_owner(const char *text); /* uid of the controller; 0: none */
int64_t fake_object_uid(struct str body);    /* 0: none */
int64_t fake_object_version(struct str body, struct buf *ret_name);
void fake_object_preconditions(struct str options, int64_t *ret_uid, int64_t *ret_version);

#endif
