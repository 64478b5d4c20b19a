/*
 * The schemas of schemas/, and variants of them.
 */
#ifndef REDWAL_TESTLIB_SCHEMA_FILES_H
#define REDWAL_TESTLIB_SCHEMA_FILES_H

#include "base/str.h"

/* The text of schemas/<name>, with the first `from` replaced by `to`; fails the test when the file
 * does not have it. NULL: as it is. To be freed. */
char *schema_file(const char *name, const char *from, const char *to);

#endif
