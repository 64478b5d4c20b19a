#include "workload.h"

#include <stdio.h>

#include "base/check.h"

static const struct script scripts[] = { {
    .name = "push",
    .sha = "3608bca1e44ea6c4d268eb6db02260269892c0b42b86bbf1e77a6fa16c3c9282",
    .body = { "push, add, append", sizeof("push, add, append") - 1 },
} };

const struct script_set workload_scripts = { scripts, ARRAY_SIZE(scripts) };

struct op op_random(struct prng *prng, unsigned number, bool keys_end)
{
#define OP_WEIGHT(name, weight, weight_where_keys_end) { weight, weight_where_keys_end },
    static const unsigned weights[][2] = { OP_KINDS(OP_WEIGHT) };
#undef OP_WEIGHT
    unsigned sum = 0, at;
    unsigned kind = 0;

    for (size_t i = 0; i < OP_KIND_COUNT; i++)
        sum += weights[i][keys_end];
    at = (unsigned)prng_below(prng, sum);
    while (at >= weights[kind][keys_end])
        at -= weights[kind++][keys_end];
    return (struct op){ .kind = (enum op_kind)kind,
                        .key = (unsigned)prng_below(prng, WORKLOAD_KEYS),
                        .number = number,
                        .has_id = prng_chance(prng, 500) };
}

struct str op_key(char ret[WORKLOAD_KEY_MAX], const struct op *op, int32_t partition)
{
    return (struct str){ ret, (size_t)snprintf(ret, WORKLOAD_KEY_MAX, "%d:%u", (int)partition,
                                               op->key) };
}

size_t op_members(const struct op *op, struct op ret[WORKLOAD_MEMBERS_MAX])
{
    static const enum op_kind kinds[] = { OP_APPEND_TTL, OP_RPUSH, OP_INCRBY };
    static const enum op_kind sure_kinds[] = { OP_SET_TTL, OP_DEL, OP_SET_NX };
    static const enum op_kind script_kinds[] = { OP_RPUSH, OP_INCRBY, OP_APPEND };
    const bool sure = op->kind == OP_ATOMIC_SURE, script = op->kind == OP_SCRIPT;

    if (op->kind != OP_ATOMIC && !sure && !script)
        return 0;
    for (unsigned i = 0; i < WORKLOAD_MEMBERS_MAX; i++)
        ret[i] = (struct op){
            .kind = script ? script_kinds[i]
                           : (sure ? sure_kinds : kinds)[(i + op->number) % WORKLOAD_MEMBERS_MAX],
            .key = (op->key + i) % WORKLOAD_KEYS,
            .number = op->number,
        };
    return WORKLOAD_MEMBERS_MAX;
}

int64_t op_amount(const struct op *op)
{
    const int64_t amount = op->number % 1000;

    return op->kind == OP_PEXPIREAT ? 9000000000000 + amount : amount;
}

static const char *template(enum op_kind kind)
{
    switch (kind) {
    case OP_SET:
        return "'command':'SET','args':['#']";
    case OP_SET_TTL:
        return "'command':'SET','args':['#'],'ttlMs':1000000";
    case OP_SET_NX:
        return "'command':'SET','args':['#','NX']";
    case OP_GETSET:
        return "'command':'GETSET','args':['#']";
    case OP_APPEND:
        return "'command':'APPEND','args':['#']";
    case OP_APPEND_TTL:
        return "'command':'APPEND','args':['#'],'ttlMs':1000000";
    case OP_INCRBY:
        return "'command':'INCRBY','args':['#']";
    case OP_DEL:
        return "'command':'DEL'";
    case OP_RPUSH:
        return "'command':'RPUSH','args':['#']";
    case OP_LPUSH:
        return "'command':'LPUSH','args':['#']";
    case OP_SADD:
        return "'command':'SADD','args':['#']";
    case OP_SREM:
        return "'command':'SREM','args':['#']";
    case OP_HSET:
        return "'command':'HSET','args':['total','#']";
    case OP_HINCRBY:
        return "'command':'HINCRBY','args':['total','#']";
    case OP_PEXPIREAT:
        return "'command':'PEXPIREAT','args':['#']";
    case OP_UNKNOWN:
        return "'command':'FROBNICATE','args':['#']";
    case OP_BROKEN:
        return "# nonsense";
    case OP_LACKING_SURE:
        return "'command':'SETNX','args':['#']";
    case OP_LACKING:
        return "'command':'PFADD','args':['#']";
    case OP_SET_SOON:
        return "'command':'SET','args':['#','EX','60']";
    case OP_INCRBY_SOON:
        return "'command':'INCRBY','args':['#'],'ttl':60";
    case OP_EXPIRE_SOON:
        return "'command':'EXPIRE','args':['60']";
    case OP_PERSIST:
        return "'command':'PERSIST'";
    case OP_ATOMIC:
    case OP_ATOMIC_SURE:
    case OP_MARK:
    case OP_SCRIPT:
    case OP_KIND_COUNT:
        break;
    }
    UNREACHABLE("every kind has its record");
}

/* "'key':'...','command':..." */
static void print_operation(const struct op *op, int32_t partition, struct buf *out)
{
    char key[WORKLOAD_KEY_MAX];

    buf_print(out, "'key':'%.*s',", STR_ARGS(op_key(key, op, partition)));
    for (const char *text = template(op->kind); *text; text++) {
        if (*text == '#')
            buf_print(out, "%lld", (long long)op_amount(op));
        else
            buf_print(out, "%c", *text);
    }
}

/* "'script':...,'keys':[...],'args':[...]" */
static void print_script(const struct op *op, const struct op *members, size_t n, int32_t partition,
                         struct buf *out)
{
    char key[WORKLOAD_KEY_MAX];

    buf_print(out, "'script':'%s','keys':[", scripts[0].name);
    for (size_t i = 0; i < n; i++)
        buf_print(out, "%s'%.*s'", i ? "," : "", STR_ARGS(op_key(key, &members[i], partition)));
    buf_print(out, "],'args':['%lld']", (long long)op_amount(op));
}

static void print_atomic(const struct op *members, size_t n, int32_t partition, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        buf_print(out, "%s{", i ? "}," : "'atomic':[");
        print_operation(&members[i], partition, out);
    }
    buf_print(out, "}]");
}

static void print_claims(const struct op *op, int32_t partition, struct buf *out)
{
    for (size_t i = 0; i < op->n_claims; i++)
        buf_print(out, "%s{'key':'%d:%u','quarantine':'%016llx','number':%lld}",
                  i ? "," : "'retry':[", (int)partition, op->claims[i].key,
                  (unsigned long long)op->claims[i].token, (long long)op->claims[i].number);
    if (op->n_claims > 0)
        buf_print(out, "],");
}

static void print_release(const struct op *op, int32_t partition, struct buf *out)
{
    char key[WORKLOAD_KEY_MAX];

    buf_print(out, "'key':'%.*s','release':{'quarantine':'%016llx','parked':%lld,'retried':%lld}",
              STR_ARGS(op_key(key, op, partition)), (unsigned long long)op->release.token,
              (long long)op->release.parked, (long long)op->release.retried);
}

void op_print_json(const struct op *op, int32_t partition, struct buf *out)
{
    struct op members[WORKLOAD_MEMBERS_MAX];
    const size_t n_members = op->is_release ? 0 : op_members(op, members), from = out->n;

    buf_print(out, "{'v':1,");
    print_claims(op, partition, out);
    if (op->has_id && op->kind != OP_MARK)
        buf_print(out, "'id':'record %u',", op->number);
    if (op->is_release)
        print_release(op, partition, out);
    else if (op->kind == OP_MARK)
        buf_print(out, "'mark':{'sequence':%u,'timeMs':%u}", op->number + 1, op->number + 1);
    else if (n_members == 0)
        print_operation(op, partition, out);
    else if (op->kind == OP_SCRIPT)
        print_script(op, members, n_members, partition, out);
    else
        print_atomic(members, n_members, partition, out);
    buf_print(out, "}");
    for (size_t i = from; i < out->n; i++)
        if (out->p[i] == '\'')
            out->p[i] = '"';
}
