"""A shop's writes: for each order a handful of records, most of them wrong when applied twice."""

import random

from lab.workload import encode

DAY = 86400  # seconds: nothing expires while the demo runs
CUSTOMERS, PRODUCTS = 500, 200
REJECTED = 0.002  # share of records that no applier should apply


def records(orders, seed):
    """(key, value) of every record, in the order they are to be written."""
    r = random.Random(seed)
    for number in range(1, orders + 1):
        for key, value in _order(r, number):
            yield key.encode(), value
        if r.random() < REJECTED * 8:
            yield _broken(r)


def _order(r, number):
    order, customer = f"order:{number}", f"customer:{r.randrange(CUSTOMERS)}"
    product, pieces, cents = f"p{r.randrange(PRODUCTS)}", r.randrange(1, 5), r.randrange(100, 9999)
    yield order, encode("HSET", ["status", "placed", "customer", customer, "cents", cents],
                        ttl=30 * DAY)
    yield f"stock:{product}", encode("DECRBY", [pieces])
    yield f"revenue:{r.randrange(24)}", encode("INCRBY", [cents])
    yield f"bestsellers:{r.randrange(12)}", encode("ZINCRBY", [pieces, product])
    yield f"{customer}:orders", encode("LPUSH", [order])
    yield f"{customer}:cart", encode("APPEND", [f"{product};"])
    yield f"events:{r.randrange(24)}", encode("XADD", ["MAXLEN", "=", 200, "*", "order", number])
    yield r.choice([
        (f"session:{customer}", encode("SET", [f"{r.getrandbits(64):x}"], ttlMs=DAY * 1000)),
        (f"session:{customer}", encode("EXPIRE", [2 * DAY])),
        (f"{customer}:orders", encode("LTRIM", [0, 9])),
        (f"{customer}:cart", encode("DEL")),
        (f"coupon:{r.randrange(50)}", encode("SADD", [customer])),
        (f"order:{r.randint(1, number)}", encode("HINCRBY", ["views", 1])),
        (f"order:{r.randint(1, number)}", encode("HSET", ["status", "shipped"])),
    ])


def _broken(r):
    return r.choice([
        (b"order:1", encode("INCR")),                    # Redis refuses: it is a hash
        (b"coupon:1", encode("SPOP")),                   # chance: a replay would differ
        (b"stock:p1", b'{"v":1,"command":"INCRBY","ar'),  # torn JSON
    ])
