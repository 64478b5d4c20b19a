/*
 * Words that the objects of wal_children.h are written with, and the larger of these objects.
 * Private to lib/codec.
 */
#ifndef REDWAL_CODEC_WAL_OBJECTS_H
#define REDWAL_CODEC_WAL_OBJECTS_H

#include "codec/kube_yyjson.h"
#include "codec/wal_children.h"

/* One object being written. */
struct wal_writing {
    yyjson_mut_doc *doc;
    yyjson_mut_val *root;
    const struct wal_resource *wal;
    struct wal_options options;
    const struct wal_surroundings *around;
    char of_wal[WAL_CHILD_NAME_MAX + 1]; /* the name of the RedisWal's objects */
    bool fits;
};

#define WAL_CONTAINER_SECURITY                                                                     \
    "{'allowPrivilegeEscalation':false,'readOnlyRootFilesystem':true,"                             \
    "'capabilities':{'drop':['ALL']}}"

/* JSON of ours, with ' for ". */
void wal_write_fixed(struct wal_writing *w, yyjson_mut_val *object, const char *key,
                     const char *json);
/* JSON that the RedisWal holds; `otherwise`, as above, when it is empty. NULL: nothing then. */
void wal_write_json(struct wal_writing *w, yyjson_mut_val *object, const char *key, struct str json,
                    const char *otherwise);
/* The labels by which the pods are found. */
void wal_write_selector(struct wal_writing *w, yyjson_mut_val *object, const char *key);
/* Those that every object has, and `more`: JSON that the RedisWal holds. What is ours stays so. */
void wal_write_labels(struct wal_writing *w, yyjson_mut_val *metadata, struct str more);
/* The members of `json` that `object` does not have yet. */
void wal_write_more(struct wal_writing *w, yyjson_mut_val *object, struct str json);

/* As whom a pod runs, and where it may. */
void wal_write_place(struct wal_writing *w, yyjson_mut_val *pod);
/* The applier's options, the files of its Secrets, its scripts: at the same places in each pod. */
void wal_write_volumes(struct wal_writing *w, yyjson_mut_val *pod, yyjson_mut_val *container);

void wal_write_deployment(struct wal_writing *w);
void wal_write_network_policy(struct wal_writing *w);

#endif
