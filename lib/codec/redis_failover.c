#include "codec/redis_failover.h"

#include "codec/kube_yyjson.h"

const struct kube_resource redis_failover_objects = {
    { REDIS_FAILOVER_GROUP, sizeof(REDIS_FAILOVER_GROUP) - 1 },
    { "v1", 2 },
    { REDIS_FAILOVER_PLURAL, sizeof(REDIS_FAILOVER_PLURAL) - 1 }
};

enum err_code redis_failover_decode(struct str json, struct redis_failover *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    yyjson_val *root = yyjson_doc_get_root(doc), *spec = yyjson_obj_get(root, "spec");
    yyjson_val *auth = yyjson_obj_get(spec, "auth"), *secret = yyjson_obj_get(auth, "secretPath");
    yyjson_val *own_name = yyjson_obj_get(yyjson_obj_get(spec, "sentinel"), "disableMyMaster");

    if (!doc)
        return ERR_CORRUPT;
    if (!yyjson_is_obj(root))
        return err_set(err, ERR_CORRUPT, "not a RedisFailover");
    if ((secret && !yyjson_is_str(secret)) ||
        !kube_yyjson_copy(auth, "secretPath", ret->secret, sizeof(ret->secret)))
        return err_set(err, ERR_CORRUPT, "spec.auth.secretPath is no name of a Secret");
    if (own_name && !yyjson_is_bool(own_name))
        return err_set(err, ERR_CORRUPT, "spec.sentinel.disableMyMaster is neither true nor false");
    ret->names_master = yyjson_is_true(own_name);
    return ERR_OK;
}

bool redis_failover_image(struct str json, char ret_image[REDIS_FAILOVER_IMAGE_MAX + 1])
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, NULL);
    yyjson_val *spec = yyjson_obj_get(yyjson_doc_get_root(doc), "spec");

    return kube_yyjson_copy(yyjson_obj_get(spec, "redis"), "image", ret_image,
                            REDIS_FAILOVER_IMAGE_MAX + 1) &&
           ret_image[0] != '\0';
}
