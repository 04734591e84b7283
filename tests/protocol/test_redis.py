"""Redis: commands and replies in order, passwords hidden, replies that never come."""

from __future__ import annotations

import pytest

from sentinel.protocol.redis import MAX_PENDING, Redis
from sentinel.protocol.resp import MAX_DEPTH, MAX_ELEMENTS, MAX_KEPT, RespReader, text_of
from sentinel.protocol.settings import ProtocolSettings


def command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


TALK = [
    (True, command(b"AUTH", b"wrong")),
    (False, b"-WRONGPASS invalid username-password pair\r\n"),
    (True, command(b"AUTH", b"li", b"right")),
    (False, b"+OK\r\n"),
    (True, command(b"SET", b"name", b"sentinel") + command(b"GET", b"name") + command(b"get", b"none")),
    (False, b"+OK\r\n$8\r\nsentinel\r\n$-1\r\n"),
    (True, command(b"KEYS", b"*")),
    (False, b"*2\r\n$4\r\nname\r\n:7\r\n"),
    (True, command(b"CONFIG", b"SET", b"dir", b"/var/spool/cron")),
    (False, b"+OK\r\n"),
    (True, b"INFO server\r\n"),
    (False, b"%1\r\n+redis_version\r\n,7.2\r\n"),
    (True, command(b"QUIT")),
]


def told(wire):
    return [
        (e.cmd_name, e.cmd_key, e.cmd_value, e.cmd_args, e.success, e.reply_value) for e in wire.of("redis")
    ]


def test_commands_and_replies(speak):
    assert told(speak(Redis, TALK)) == [
        ("AUTH", None, None, "<hidden>", False, "WRONGPASS invalid username-password pair"),
        ("AUTH", None, None, "li <hidden>", True, "OK"),
        ("SET", "name", "sentinel", "name sentinel", True, "OK"),
        ("GET", "name", None, "name", True, "sentinel"),
        ("get", "none", None, "none", True, "null"),
        ("KEYS", "*", None, "*", True, "[name, 7]"),
        ("CONFIG", None, None, "SET dir /var/spool/cron", True, "OK"),
        ("INFO", None, None, "server", True, "{redis_version: 7.2}"),
        ("QUIT", None, None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ((b"HELLO", b"3", b"AUTH", b"li", b"secret", b"SETNAME", b"x"), "3 AUTH li <hidden> SETNAME x"),
        ((b"CONFIG", b"SET", b"requirepass", b"secret"), "SET requirepass <hidden>"),
        ((b"SLAVEOF", b"10.0.0.9", b"6379"), "10.0.0.9 6379"),
    ],
)
def test_passwords_are_hidden(speak, words, shown):
    assert speak(Redis, [(True, command(*words))]).of("redis")[0].cmd_args == shown


def test_passwords_are_shown_where_the_site_wants_it(speak):
    wire = speak(Redis, TALK[:1], ProtocolSettings(mask_passwords=False))
    assert wire.of("redis")[0].cmd_args == "wrong"


def test_replies_switched_off(speak):
    talk = [
        (True, command(b"CLIENT", b"REPLY", b"OFF") + command(b"SET", b"a", b"1")),
        (True, command(b"CLIENT", b"REPLY", b"ON") + command(b"PING")),
        (False, b"+OK\r\n+PONG\r\n"),
        (True, command(b"CLIENT", b"REPLY", b"SKIP") + command(b"GET", b"a") + command(b"GET", b"b")),
        (False, b"$1\r\n2\r\n"),
    ]
    assert [(event[0], event[-1]) for event in told(speak(Redis, talk))] == [
        ("CLIENT", None),
        ("SET", None),
        ("CLIENT", "OK"),
        ("PING", "PONG"),
        ("CLIENT", None),
        ("GET", None),
        ("GET", "2"),
    ]


def test_subscriptions(speak):
    talk = [
        (True, command(b"SUBSCRIBE", b"news")),
        (
            False,
            b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n",
        ),
        (True, command(b"UNSUBSCRIBE")),
        (False, b"*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n"),
        (True, command(b"PING")),
        (False, b"+PONG\r\n"),
    ]
    assert [(event[0], event[-1]) for event in told(speak(Redis, talk))] == [
        ("SUBSCRIBE", None),
        ("UNSUBSCRIBE", None),
        ("PING", "PONG"),
    ]


def test_pushes_are_no_replies(speak):
    talk = [
        (True, command(b"GET", b"a")),
        (False, b">2\r\n+invalidate\r\n*1\r\n+a\r\n|1\r\n+ttl\r\n:3\r\n_\r\n"),
    ]
    assert told(speak(Redis, talk))[0][-1] == "null"


def test_pipelining_is_bounded(speak):
    talk = [(True, command(b"GET", b"a") * (MAX_PENDING + 2)), (False, b"+1\r\n+2\r\n+3\r\n")]
    wire = speak(Redis, talk, finish=False)
    assert [event[-1] for event in told(wire)] == [None, None, "3"]
    assert "Redis_excessive_pipelining" in wire.weirds


def test_long_strings_are_cut_and_skipped(wire):
    analyzer = Redis(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, command(b"GET", b"a"), 0.0)
    analyzer.feed(False, b"$1000000\r\n" + b"x" * 10_000, 0.0)
    analyzer.gap(False, 900_000, 0.0)
    analyzer.feed(True, command(b"PING"), 0.0)
    analyzer.feed(False, b"x" * 90_000 + b"\r\n+PONG\r\n", 0.0)
    assert [len(event[-1]) for event in told(wire)] == [MAX_KEPT, 4]
    analyzer.gap(False, 1, 0.0)
    assert analyzer.done


def test_reader_is_bounded():
    reader = RespReader(inline=False)
    reader.push(b"*1\r\n" * (MAX_DEPTH + 1))
    assert reader.pop() is None and reader.broken
    reader = RespReader(inline=False)
    reader.push(b"*1000\r\n" + b":1\r\n" * 1000)
    (value,) = reader.pop()
    assert len(value) == MAX_ELEMENTS
    for nonsense in (b"*-2\r\n", b"$x\r\n", b"*99999999\r\n", b"?\r\n", b"+" + b"x" * 9000):
        reader = RespReader(inline=False)
        reader.push(nonsense)
        assert reader.pop() is None and reader.broken
    assert text_of([b"a", None, [b"b"]]) == "[a, null, [b]]"


def test_nonsense_ends_the_reading(speak):
    assert (
        "Redis_invalid_data"
        in speak(Redis, [(True, command(b"PING")), (False, b"HTTP/1.1 200 OK\r\n")]).weirds
    )


def test_sturdy(sturdy):
    sturdy(Redis, TALK)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (command(b"PING"), True),
        (b"*1\r", None),
        (b"*1\r\n$", None),
        (b"*1\r\n$4\r\n", None),
        (b"*x\r\n", False),
        (b"*1\r\n+OK\r\n", False),
        (b"INFO\r\n", True),
        (b"INF", None),
        (b"config get *\r\n", True),
        (b"GET / HTTP/1.1\r\n", False),
        (b"AUTH TLS\r\n", False),
    ],
)
def test_recognition(data, answer):
    assert Redis.recognise(data, True, "tcp") is answer
    assert Redis.recognise(data, False, "tcp") is False
