"""Scripts that records call: what they may see and do on every server, that a failure leaves
nothing behind, and that a name means one text for ever."""

import json
import random
import subprocess

import pytest
import redis

from conftest import PATIENT, REDIS_PASSWORD, REDIS_RULES, REDIS_USER
from lab import oracle, scripts, servers
from lab.applier import BINARY
from lab.redis_server import RedisServer
from lab.wait import await_
from lab.workload import encode, script_call
from test_envelopes import Reader, keys_by_partition

NOW = 1_700_000_000_123
FAR_MS = 9_000_000_000_000

# What a script does, and what is then under `out`; its keys are `out` and `in`, its arguments 7 and
# a word. Where a server lacks a command, the row says nothing of it.
WORKS = [
    ("redis.call('SET', KEYS[1], ARGV[1] + 1)", b"8"),
    ("redis.call('set', KEYS[1], #ARGV .. #KEYS .. ARGV[2])", b"22word"),
    ("redis.call('SET', KEYS[1], redwal.now_ms)", b"1700000000123"),
    ("redis.call('SET', KEYS[1], 'v', 'PXAT', redwal.now_ms + 9e12)", b"v"),
    ("redis.call('SET', KEYS[1], 'v') redis.call('PEXPIREAT', KEYS[1], 9e12)", b"v"),
    ("redis.call('SET', KEYS[1], 0.5)", b"0.5"),
    ("redis.call('SET', KEYS[1], 2^53)", b"9007199254740992"),
    ("redis.call('SADD', KEYS[2], 'b', 'a', 'c', 'B', '10', '9') "
     "redis.call('SET', KEYS[1], table.concat(redis.call('SMEMBERS', KEYS[2])))", b"109Babc"),
    ("redis.call('HSET', KEYS[2], 'b', 1, 'a', 2, 'c', 0) "
     "redis.call('SET', KEYS[1], table.concat(redis.call('HGETALL', KEYS[2])))", b"a2b1c0"),
    ("redis.call('HSET', KEYS[2], 'b', 1, 'a', 2, 'c', 0) "
     "redis.call('SET', KEYS[1], table.concat(redis.call('HVALS', KEYS[2])))", b"012"),
    ("local t = {} for k, v in pairs({z=1, a=2, [3]='x', [1]='y'}) do t[#t + 1] = k end "
     "redis.call('SET', KEYS[1], table.concat(t))", b"13az"),
    ("local t = {'b', 'a', 'B'} table.sort(t) redis.call('SET', KEYS[1], table.concat(t))", b"Bab"),
    ("local t = {1, 3, 2} table.sort(t, function(a, b) return a > b end) "
     "redis.call('SET', KEYS[1], table.concat(t))", b"321"),
    ("redis.call('SET', KEYS[1], cjson.encode({1, cjson.decode('[2]')}))", b"[1,[2]]"),
    ("redis.call('SET', KEYS[1], cmsgpack.unpack(cmsgpack.pack('x')))", b"x"),
    ("redis.call('SET', KEYS[1], (struct.unpack('>I2', struct.pack('>I2', 258))))", b"258"),
    ("redis.call('SET', KEYS[1], bit.band(7, 10) .. math.floor(2.5) .. ('x'):rep(2))", b"22xx"),
    ("redis.call('SET', KEYS[1], tostring(nil) .. tostring(true) .. tostring(5))", b"niltrue5"),
    ("redis.call('SET', KEYS[1], 'a text') local r = redis.pcall('INCR', KEYS[1]) "
     "if r.err then redis.call('APPEND', KEYS[1], '!') end", b"a text!"),
    ("redis.call('SET', KEYS[2], 'x') redis.call('COPY', KEYS[2], KEYS[1])", b"x"),
    ("redis.call('RPUSH', KEYS[2], 'x', 'y') redis.call('SET', KEYS[1], "
     "redis.call('LMOVE', KEYS[2], KEYS[2], 'LEFT', 'RIGHT'))", b"x"),
    ("redis.call('BITOP', 'OR', KEYS[1], KEYS[1], KEYS[2]) redis.call('MSET', KEYS[1], 'm', "
     "KEYS[2], 'n')", b"m"),
    ("redis.call('ZADD', KEYS[2], 1, 'a') redis.call('ZUNIONSTORE', KEYS[2], 1, KEYS[2]) "
     "redis.call('SET', KEYS[1], redis.call('ZSCORE', KEYS[2], 'a'))", b"1"),
    ("redis.call('XADD', KEYS[2], '1-1', 'f', 'v') redis.call('XTRIM', KEYS[2], 'MAXLEN', 5) "
     "redis.call('SET', KEYS[1], redis.call('XLEN', KEYS[2]))", b"1"),
    ("redis.call('SET', KEYS[1], redis.sha1hex(''))", b"da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("-- a comment at the end\nredis.call('SET', KEYS[1], 1) return 5 -- like this", b"1"),
]

# What a script does, and what of the error tells why it was not done.
FAILS = [
    # not in every replay the same
    ("redis.call('TIME')", "SCRIPT redis.call of TIME"),
    ("redis.call('RANDOMKEY')", "SCRIPT redis.call of RANDOMKEY"),
    ("redis.call('SRANDMEMBER', KEYS[1])", "SCRIPT redis.call of SRANDMEMBER"),
    ("redis.call('SPOP', KEYS[1])", "SCRIPT redis.call of SPOP"),
    ("redis.call('TTL', KEYS[1])", "SCRIPT redis.call of TTL"),
    ("redis.call('PTTL', KEYS[1])", "SCRIPT redis.call of PTTL"),
    ("redis.call('PEXPIRETIME', KEYS[1])", "SCRIPT redis.call of PEXPIRETIME"),
    ("redis.call('OBJECT', 'ENCODING', KEYS[1])", "SCRIPT redis.call of OBJECT"),
    ("redis.call('DUMP', KEYS[1])", "SCRIPT redis.call of DUMP"),
    ("redis.call('SCAN', 0)", "SCRIPT redis.call of SCAN"),
    ("redis.call('KEYS', '*')", "SCRIPT redis.call of KEYS"),
    ("redis.call('DBSIZE')", "SCRIPT redis.call of DBSIZE"),
    ("redis.call('EXPIRE', KEYS[1], 5)", "SCRIPT redis.call of EXPIRE"),
    ("redis.call('PEXPIRE', KEYS[1], 5)", "SCRIPT redis.call of PEXPIRE"),
    ("redis.call('SETEX', KEYS[1], 5, 'v')", "SCRIPT redis.call of SETEX"),
    ("redis.call('SET', KEYS[1], 'v', 'EX', 5)", "SCRIPT SET with EX"),
    ("redis.call('SET', KEYS[1], 'v', 'NX', 'px', 5)", "SCRIPT SET with px"),
    ("redis.call('GETEX', KEYS[1], 'EX', 5)", "SCRIPT redis.call of GETEX"),
    ("redis.call('RESTORE', KEYS[1], 5, 'x')", "SCRIPT redis.call of RESTORE"),
    ("redis.call('XADD', KEYS[1], '*', 'f', 'v')", "SCRIPT XADD without an id"),
    ("redis.call('XADD', KEYS[1], 'MAXLEN', 5, '1-1', 'f', 'v')", "SCRIPT XADD without an id"),
    ("redis.call('XADD', KEYS[1], '5-*', 'f', 'v')", "SCRIPT XADD without an id"),
    ("redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', 5)", "SCRIPT XTRIM with ~"),
    ("math.random()", "random"),
    ("math.randomseed(5)", "randomseed"),
    ("os.time()", "'os'"),
    ("os.clock()", "'os'"),
    ("return tostring({})", "SCRIPT tostring() of a table"),
    ("return tostring(pcall)", "SCRIPT tostring() of a function"),
    ("for k in pairs({[{}] = 1}) do end", "SCRIPT pairs() of a table whose keys have no order"),
    ("for k in next, {} do end", "nil value"),
    # around the rules
    ("loadstring('return 1')()", "loadstring"),
    ("load('return 1')()", "load"),
    ("setmetatable({}, {})", "setmetatable"),
    ("getmetatable('').__index.len = nil", "getmetatable"),
    ("_G.x = 1", "_G"),
    ("return conclude", "conclude"),
    ("x = 1", "SCRIPT user_script:1: "),
    ("return x", "nonexistent global variable 'x'"),
    ("collectgarbage()", "collectgarbage"),
    ("redis.breakpoint()", "breakpoint"),
    ("redis.setresp(3)", "setresp"),
    ("coroutine.create(pcall)", "coroutine"),
    # other keys, other things
    ("redis.call('GET', 'other')", "SCRIPT GET of a key that is not among the keys"),
    ("redis.call('SET', 'other', 1)", "SCRIPT SET of a key that is not among the keys"),
    ("redis.call('MGET', KEYS[1], 'other')", "SCRIPT MGET of a key"),
    ("redis.call('MSET', KEYS[1], 1, 'other', 1)", "SCRIPT MSET of a key"),
    ("redis.call('COPY', KEYS[1], 'other')", "SCRIPT COPY of a key"),
    ("redis.call('COPY', KEYS[1], KEYS[2], 'DB', 1)", "SCRIPT COPY with DB"),
    ("redis.call('BITOP', 'NOT', KEYS[1], 'other')", "SCRIPT BITOP of a key"),
    ("redis.call('LMPOP', 2, KEYS[1], 'other', 'LEFT')", "SCRIPT LMPOP of a key"),
    ("redis.call('ZUNIONSTORE', KEYS[1], 2, KEYS[1], 'other')", "SCRIPT ZUNIONSTORE of a key"),
    ("redis.call('ZUNIONSTORE', 'other', 1, KEYS[1])", "SCRIPT ZUNIONSTORE of a key"),
    ("redis.call('GET', 5)", "SCRIPT GET of a key"),
    ("redis.call('SORT', KEYS[1], 'STORE', KEYS[2])", "SCRIPT redis.call of SORT"),
    ("redis.call('EVAL', 'return 1', 0)", "SCRIPT redis.call of EVAL"),
    ("redis.call('FLUSHALL')", "SCRIPT redis.call of FLUSHALL"),
    ("redis.call('CONFIG', 'GET', '*')", "SCRIPT redis.call of CONFIG"),
    ("redis.call('PUBLISH', 'c', 'm')", "SCRIPT redis.call of PUBLISH"),
    ("redis.call('NOSUCH', KEYS[1])", "SCRIPT redis.call of NOSUCH"),
    ("redis.call('SET=', KEYS[1])", "SCRIPT redis.call of SET="),
    ("redis.call('', KEYS[1])", "SCRIPT redis.call of"),
    ("redis.call()", "SCRIPT redis.call of"),
    ("redis.call('SET', KEYS[1], {})", "SCRIPT an argument of redis.call is neither"),
    ("redwal.id = 1 return redwal.offset", "SCRIPT redwal.offset is not known"),
    # what is refused stays so
    ("pcall(redis.call, 'TIME')", "SCRIPT redis.call of TIME"),
    ("pcall(redis.pcall, 'SET', 'other', 1)", "SCRIPT SET of a key"),
    # failures of its own
    ("error('too little')", "SCRIPT user_script:"),
    ("error('too little', 0)", "SCRIPT too little"),
    ("error({})", "SCRIPT failed with a table"),
    ("return redis.error_reply('too little')", "SCRIPT too little"),
    ("return {err = 'PLAIN words'}", "PLAIN words"),
    ("redis.call('SET', KEYS[1], 'x') redis.call('INCR', KEYS[1])", " not an integer"),
    ("redis.call('SET', KEYS[1], 'x') redis.call('LPUSH', KEYS[1], 1)", "WRONGTYPE "),
    ("return redis.pcall('LPUSH', KEYS[2])", "rong number of arg"),
    ("this is no Lua", ""),
    ("local x = nil + 1", "SCRIPT "),
]


@pytest.fixture(scope="module", params=servers.NAMES)
def server(request, tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("scripts"), request.param,
                         program=servers.program(request.param)).start()
    with server.client() as admin:
        admin.execute_command("ACL", "SETUSER", REDIS_USER, "on", f">{REDIS_PASSWORD}",
                              *REDIS_RULES.split())
    yield server
    server.remove()


@pytest.fixture
def clients(server):
    """The lab's own, and that of the applier's user."""
    with server.client() as client, \
            server.client(username=REDIS_USER, password=REDIS_PASSWORD) as user:
        client.flushall()
        yield client, user


def eval_of(text, keys=("out", "in"), args=("7", "word")):
    """The words that Redis is told for a record that calls this script."""
    record = json.dumps({"v": 1, "script": "test", "keys": keys, "args": args}) + "\n"
    tool = BINARY.parents[1] / "tools" / "canonicalise"
    answer = subprocess.run([tool, str(NOW), text], input=record.encode(), stdout=subprocess.PIPE,
                            check=True, timeout=30).stdout
    head, resp = answer.split(b"\n", 1)
    assert head == b"+%d" % len(resp), head
    words, rest = [], resp.split(b"\r\n", 1)[1]
    while rest:
        length, rest = rest.split(b"\r\n", 1)
        words.append(rest[:int(length[1:])])
        rest = rest[int(length[1:]) + 2:]
    return words


@pytest.mark.parametrize("text, out", WORKS)
def test_a_script_may(clients, text, out):
    client, user = clients
    assert user.execute_command(*eval_of(text)) == b"OK"
    assert client.get("out") == out
    assert client.execute_command("KEYS", "redwal:*") == []


SETUP = [("RPUSH", "out", "a", "b"), ("PEXPIREAT", "out", FAR_MS), ("SADD", "in", "x"),
         ("SET", "other", "theirs")]


@pytest.mark.parametrize("text, why", FAILS)
def test_a_script_may_not(clients, text, why):
    """Each is tried behind writes to both keys, which must be gone, and on an empty Redis."""
    client, user = clients
    for setup in (SETUP, []):
        client.flushall()
        for words in setup:
            client.execute_command(*words)
        before = oracle.snapshot(client)
        wrote = "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[2], 1) "
        error = _error(user, eval_of(wrote + text))
        assert why in error and error, f"{error!r} does not say {why!r}"
        changed = oracle.differences(before, oracle.snapshot(client))
        assert not changed, f"{error}: {changed}"
        assert client.dbsize() == len(before), "a copy is left behind"


def test_without_a_timestamp_there_is_no_now(clients):
    _, user = clients
    words = eval_of("redis.call('SET', KEYS[1], redwal.now_ms)")
    words[5] = b""
    assert "SCRIPT redwal.now_ms is not known" in _error(user, words)


def test_the_lines_of_errors_are_the_scripts(clients):
    _, user = clients
    assert "user_script:3: third" in _error(user, eval_of("\n\nerror('third')"))


def _unless_busy(call, *args):
    try:
        return call(*args)
    except redis.ResponseError as error:
        assert str(error).startswith("BUSY"), error
        return None


def _error(client, words):
    with pytest.raises(redis.ResponseError) as refused:
        client.execute_command(*words)
    return str(refused.value)


class TestApplied:
    """Real records, by the applier."""

    @pytest.fixture(autouse=True)
    def start(self, lab):
        self.lab, self.topic = lab, lab.topic()
        self.directory = scripts.write(lab.directory / "scripts", scripts.TEXTS)
        self.keys = keys_by_partition(3, 4)

    def transfer(self, chance, amount_max=40):
        keys = chance.choice(self.keys)
        one, other = chance.sample(keys[:3], 2)
        keys = [one, other, keys[3]] if chance.random() < 0.5 else [one, other]
        self.topic.write(script_call("transfer", keys, [chance.randrange(amount_max)]),
                         chance.choice(keys[:2]).encode())

    def fund(self, amount=100):
        for keys in self.keys:
            for key in keys[:3]:
                self.topic.write(encode("SET", [amount]), key.encode())
        self.topic.flush()

    def check(self, server, **rules):
        return self.lab.check(self.topic, server, scripts=scripts.TEXTS, **rules)

    @pytest.mark.parametrize("name", servers.NAMES)
    def test_on_every_server(self, name):
        self.lab.calm = True
        server = self.lab.redis(program=servers.program(name))
        self.lab.judge_with(self.lab.redis("judge", program=servers.program(name)))
        self.lab.applier(self.topic, server, scripts=self.directory).start()
        self.fund()
        chance = random.Random(1)
        for i in range(300):
            self.transfer(chance)
            keys = chance.choice(self.keys)
            self.topic.write(script_call("fill", keys[:2][::-1] if i % 3 else ["l" + keys[0]] * 2,
                                         [7]), keys[0].encode() if i % 3 else None)
            if i % 20 == 0:
                self.topic.write(encode("DEL"), keys[1].encode())
        self.topic.flush()
        folded = self.check(server)
        assert set(folded.rejected.values()) >= {"script-failed", "redis-wrongtype"}

    def test_sums_are_kept_whatever_dies(self):
        """Each partition's three accounts hold 300 together before any reader's eyes."""
        self.lab.crashed = True
        server, chance = self.lab.redis(), random.Random(2)
        applier = self.lab.applier(self.topic, server, scripts=self.directory, batch_max_ops=9)
        self.fund()
        applier.start()
        self.lab.await_applied(self.topic, server)
        with server.client() as client:
            def look():
                values = client.mget(*[key for keys in self.keys for key in keys[:3]])
                sums = [sum(map(int, values[i:i + 3])) for i in range(0, 9, 3)]
                return [] if sums == [300] * 3 and min(map(int, values)) >= 0 else values

            def applied():
                return sum(at[0] for at in self.lab.positions(self.topic, client).values() if at)

            with Reader(look):
                for portion in range(1, 6):
                    for _ in range(300):
                        self.transfer(chance)
                    self.topic.flush()
                    wanted = min(applied() + chance.randrange(1, 250), 9 + 300 * portion)
                    await_(lambda wanted=wanted: applied() >= wanted, 60, f"{wanted} are applied")
                    applier.kill()
                    applier.start()
                folded = self.check(server)
        assert len(folded.rejected) > 50
        assert set(folded.rejected.values()) == {"script-failed"}

    def test_a_failover_that_loses_calls_gets_them_back(self):
        self.lab.crashed = True
        failover, chance = self.lab.failover(), random.Random(3)
        applier = self.lab.applier(self.topic, failover, scripts=self.directory,
                                   session_timeout=PATIENT).start()
        self.fund()
        old = failover.primary()
        self.lab.await_applied(self.topic, old)
        failover.lose_what_follows(old)
        for _ in range(500):
            self.transfer(chance)
        self.topic.flush()
        self.lab.await_applied(self.topic, old)
        old.kill()
        self.check(failover.await_primary_other_than(old))
        assert applier.metric("reapplied_records_total") > 0

    def test_what_is_refused_before_redis(self):
        self.lab.calm = True
        server, (here, *others) = self.lab.redis(), self.keys[0]
        self.lab.applier(self.topic, server, scripts=self.directory).start()
        sha = scripts.sha(scripts.TEXTS["fill"])
        for value in (
                script_call("nobody", [here]), script_call("fill", [here, others[0]], [1], sha=sha),
                script_call("fill", [here, others[0]], [1], sha=sha.upper()),
                script_call("fill", [here, others[0]], [1], sha=sha[:-1] + "x"),
                script_call("fill", [others[0]], [1]), script_call("fill", []),
                script_call("fill", [here, "redwal:identity"], [1]),
                script_call("fill", [here, self.keys[1][0]], [1]),
                script_call("", [here])):
            self.topic.write(value, here.encode())
        self.topic.flush()
        folded = self.check(server)
        assert [folded.rejected.get((0, i)) for i in range(9)] == [
            "script-unknown", None, None, "script-differs", "key-mismatch", "bad-field",
            "key-reserved", "keys-cross-partition", "bad-field"]

    def test_a_name_means_one_text(self):
        server = self.lab.redis()
        first = self.lab.applier(self.topic, server, scripts=self.directory).start()
        self.fund()
        self.lab.await_applied(self.topic, server)
        with server.client() as client:
            known = client.hgetall("redwal:identity")
        assert known[b"script:fill"].decode() == scripts.sha(scripts.TEXTS["fill"])
        first.stop()
        changed = {**scripts.TEXTS, "fill": scripts.TEXTS["fill"] + "-- improved"}
        other = self.lab.applier(self.topic, server, scripts=scripts.write(
            self.lab.directory / "changed", changed)).start()
        other.await_trouble("script fill: a registered script is not the one")
        keys = self.keys[0]
        self.topic.write(script_call("fill", keys[:2], [1]), keys[0].encode())
        self.topic.flush()
        other.stop()
        self.lab.applier(self.topic, server, scripts=self.directory).start()
        self.check(server)

    def test_a_script_that_does_not_end_can_be_killed(self):
        server = self.lab.redis(options=["lua-time-limit 200"])
        applier = self.lab.applier(self.topic, server, scripts=scripts.write(
            self.lab.directory / "endless", {"endless": "while true do end"})).start()
        key = self.keys[0][0]
        for value in (encode("SET", ["before"]), script_call("endless", [key]),
                      encode("APPEND", [" and after"])):
            self.topic.write(value, key.encode())
        self.topic.flush()
        applier.await_trouble("BUSY")
        with server.client() as client:
            client.script_kill()
            await_(lambda: _unless_busy(client.get, key) == b"before and after", 60,
                   "the rest is applied")

        def reasons():
            """Of the call's dead letters; the writes beside it may have some, too."""
            return {letter.headers["redwal-reason"] for letter in self.topic.dead_letters.read()
                    if letter.headers["redwal-source-offset"] == b"1"}

        await_(reasons, 60, "the call is a dead letter")
        assert reasons() == {b"outcome-unknown"}

    @pytest.mark.parametrize("name, text, why", [
        ("bad name", "return 1", "a name has up to 63 letters"), ("empty", "", "empty"),
        ("flags", "#!lua flags=no-writes\n", "begins with '#'"),
        ("large", " " * 70_000, "more than 65536 bytes")])
    def test_a_bad_script_is_told_of_at_start(self, name, text, why):
        directory = scripts.write(self.lab.directory / "bad", {name: text})
        applier = self.lab.applier(self.topic, self.lab.redis(), scripts=directory).start()
        assert applier.process.wait(20) == 2
        assert f"{name}.lua: {why}" in applier.process.output()

    @pytest.mark.parametrize("name", servers.NAMES)
    def test_a_script_that_does_not_compile_is_told_of_with_its_line(self, name):
        """And takes no name: repaired, it is what the name means."""
        server, (here, *_) = self.lab.redis(program=servers.program(name)), self.keys[0]
        directory = scripts.write(self.lab.directory / "bad", {
            "fine": "return 1", "broken": "local a = 1\n\nredis.call('SET' KEYS[1], a)\n"})
        applier = self.lab.applier(self.topic, server, scripts=directory).start()
        applier.await_held("script-broken", "everything")
        assert "broken.lua:3: " in applier.process.output()
        with server.client() as client:
            assert client.hkeys("redwal:identity") == [b"wal"]
        applier.stop()
        scripts.write(directory, {"broken": "redis.call('SET', KEYS[1], 5)"})
        applier.start().await_ready()
        self.topic.write(script_call("broken", [here]), here.encode())
        self.topic.flush()
        self.lab.await_applied(self.topic, server)
        with server.client() as client:
            assert client.get(here) == b"5"
