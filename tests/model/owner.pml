/*
 * One partition, several appliers that all believe to own it, replication that is late, failovers that
 * take the primary back in time, connections that break at any moment. Whatever the order of events:
 * every record is in the data exactly when it is before the position.
 *
 * The verified chain (docs/adr/0002-verified-chain.md) must hold; with -DUNVERIFIED the read behind
 * WATCH is not looked at before EXEC, and spin must find records applied twice.
 */
#define RECORDS 3
#ifndef APPLIERS
#define APPLIERS 3
#endif
#define FAILOVERS 1
#define CUTS 1

typedef redis {
    byte position;
    byte applied[RECORDS]
}
redis primary, replica; /* the replica is some earlier state of the primary */
bool connected[APPLIERS];
bool touched[APPLIERS]; /* the position changed since this connection's WATCH */
byte i_;                /* for loops that are one step */

inline copy(from, to)
{
    to.position = from.position;
    for (i_ : 0 .. RECORDS - 1) {
        to.applied[i_] = from.applied[i_]
    }
    skip
}

inline cut_all()
{
    for (i_ : 0 .. APPLIERS - 1) {
        connected[i_] = false
    }
    i_ = 0
}

/* MULTI, operations, HSET position, EXEC of n records from `at` on. */
inline execute(at, n)
{
    for (i_ : at .. at + n - 1) {
        primary.applied[i_]++
    }
    primary.position = at + n;
    for (i_ : 0 .. APPLIERS - 1) {
        touched[i_] = true
    }
    for (i_ : 0 .. RECORDS - 1) {
        assert(primary.applied[i_] == (i_ < primary.position -> 1 : 0))
    }
    i_ = 0
}

active proctype world()
{
    byte failovers = 0, cuts = 0;
    do
    :: atomic { copy(primary, replica); i_ = 0 }
    :: failovers < FAILOVERS ->
        atomic {
            failovers++;
            copy(replica, primary);
            cut_all()
        }
    :: cuts < CUTS ->
        atomic { cuts++; cut_all() }
    :: break
    od
}

proctype applier(byte me)
{
    byte at, seen, n;

connect:
    atomic { connected[me] = true; at = primary.position }
    do
    :: at >= RECORDS -> break
    :: at < RECORDS ->
        if
        :: n = 1
        :: at + 1 < RECORDS -> n = 2
        fi;
#ifdef UNVERIFIED
        /* All in one go: nothing can touch the position between WATCH and EXEC. */
        atomic {
            if
            :: connected[me] -> execute(at, n)
            :: else
            fi
        }
        if
        :: !connected[me] -> goto connect
        :: else
        fi;
#else
        atomic {
            touched[me] = false; /* WATCH */
            seen = primary.position      /* HMGET */
        }
        if
        :: !connected[me] || seen != at -> goto connect /* not what I wrote: where am I? */
        :: else
        fi;
        atomic {
            if
            :: connected[me] && !touched[me] -> execute(at, n); seen = 1
            :: else -> seen = 0
            fi
        }
        if
        :: seen == 0 || !connected[me] -> goto connect /* nil, or nobody heard the answer */
        :: else
        fi;
#endif
        at = at + n
    od
}

init
{
    byte i;
    atomic {
        for (i : 0 .. APPLIERS - 1) {
            run applier(i)
        }
    }
}
