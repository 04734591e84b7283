"""Redis over TCP: commands matched with their replies, as Zeek tells them."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, Final

from sentinel.event.redis import Redis as RedisEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.resp import Push, RespError, RespReader, Value, text_of
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Redis"]

MAX_PENDING: Final = 1024
MAX_TEXT: Final = 4096

_KEYED: Final = frozenset(
    b"append bitcount bitfield bitfield_ro bitpos blpop brpop copy decr decrby del dump exists expire expireat "
    b"expiretime get getbit getdel getex getrange getset hdel hget hset incr incrby keys mget move mset persist "
    b"rename set strlen ttl type".split()
)
_VALUED: Final = frozenset(
    b"append decrby expire expireat getbit getset hdel hget incrby move mset rename set".split()
)
_KEY_ELSEWHERE: Final = {b"bitop": 2, b"blmpop": 3}
_SUBSCRIBE: Final = frozenset({b"subscribe", b"psubscribe", b"ssubscribe"})
_UNSUBSCRIBE: Final = frozenset({b"unsubscribe", b"punsubscribe", b"sunsubscribe"})
_LEAVES_SUBSCRIPTION: Final = frozenset({b"reset", b"quit"})
_INLINE: Final = frozenset(
    {
        b"PING",
        b"INFO",
        b"CONFIG",
        b"FLUSHALL",
        b"FLUSHDB",
        b"SLAVEOF",
        b"REPLICAOF",
        b"KEYS",
        b"DBSIZE",
        b"MONITOR",
    }
)
"""Commands that begin a conversation without RESP, and that no other protocol has."""
_INLINE_LETTERS: Final = frozenset(byte for word in _INLINE for byte in (word[0], word[0] | 0x20))


class Redis(Analyzer):
    """One connection to a server."""

    __slots__ = ("_owed", "_pending", "_readers", "_resp3", "_silent", "_skip_next", "_subscribed")

    service: ClassVar[str] = "redis"
    ports: ClassVar[frozenset[int]] = frozenset({6379, 6380})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._readers = (RespReader(inline=False), RespReader(inline=True))
        self._pending: deque[RedisEvent] = deque()
        self._owed = 0
        """Replies still to come to commands that were told already."""
        self._silent = False
        self._skip_next = False
        self._subscribed = False
        self._resp3 = False

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A request: an array of strings; or a line with a command of its own."""
        if not is_orig:
            return False
        if data[0] != 0x2A:
            if data[0] not in _INLINE_LETTERS:
                return False
            word, space, _ = data[:12].upper().partition(b" ")
            if not space:
                word, space, _ = word.partition(b"\r")
            if not space:
                return None if any(one.startswith(word) for one in _INLINE) else False
            return word in _INLINE
        count, _, rest = data[1:].partition(b"\r\n")
        if not count.isdigit() or len(count) > 7:
            return None if len(data) < 2 or (count[:-1].isdigit() and count.endswith(b"\r")) else False
        if not rest:
            return None
        size, _, rest = rest[1:].partition(b"\r\n") if rest[0] == 0x24 else (b"x", b"", b"")
        if not rest:
            return None if size.rstrip(b"\r").isdigit() or not size else False
        return size.isdigit() and len(size) < 4 and rest[:1].isalpha()

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        reader = self._readers[is_orig]
        reader.push(data)
        while (found := reader.pop()) is not None:
            if is_orig:
                self._on_command(found[0], ts)
            else:
                self._on_reply(found[0])
        if reader.broken:
            self.flow.weird("Redis_invalid_data", ts, None, "REDIS")
            self.finish(ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in a long string does no harm."""
        if not self._readers[is_orig].lost(length):
            self.finish(ts)

    # -- commands -----------------------------------------------------------------------------------

    def _on_command(self, value: Value, ts: float) -> None:
        if not isinstance(value, list) or not all(isinstance(word, bytes) for word in value) or not value:
            return
        words = [word for word in value if isinstance(word, bytes)]
        name = words[0].lower()
        event = self._event(name, words, ts)
        if name == b"hello" and words[1:2] == [b"3"]:
            self._resp3 = True
        if self._is_unanswered(name, words):
            self.emit(event)
            return
        self._pending.append(event)
        if len(self._pending) > MAX_PENDING:
            self.flow.weird("Redis_excessive_pipelining", ts, str(MAX_PENDING), "REDIS")
            self.emit(self._pending.popleft())
            self._owed += 1

    def _is_unanswered(self, name: bytes, words: list[bytes]) -> bool:
        """Follow CLIENT REPLY, and the subscribed mode of RESP2."""
        if name == b"client" and len(words) == 3 and words[1].lower() == b"reply":
            mode = words[2].lower()
            self._silent = mode == b"off" or (self._silent and mode != b"on")
            self._skip_next = mode == b"skip"
            return mode != b"on"
        if self._silent or self._skip_next:
            self._skip_next = False
            return True
        if name in _SUBSCRIBE:
            self._subscribed = not self._resp3
            return True
        if name in _LEAVES_SUBSCRIPTION:
            self._subscribed = False
        return name in _UNSUBSCRIBE or self._subscribed

    def _event(self, name: bytes, words: list[bytes], ts: float) -> RedisEvent:
        place = 1 if name in _KEYED else _KEY_ELSEWHERE.get(name, len(words))
        event = RedisEvent(ts=ts, **self.whose, cmd_name=text_of(words[0], 64))
        if place < len(words):
            event.cmd_key = text_of(words[place])
        if name in _VALUED and len(words) > 2:
            event.cmd_value = text_of(words[2])
        if len(words) > 1:
            event.cmd_args = " ".join(map(text_of, self._masked(name, words)))[:MAX_TEXT]
        return event

    def _masked(self, name: bytes, words: list[bytes]) -> list[bytes]:
        """Arguments without passwords: AUTH's last, HELLO's after AUTH, CONFIG SET requirepass's."""
        words = words[1:]
        if not self.settings.mask_passwords:
            return words
        low = [word.lower() for word in words]
        if name == b"auth":
            return [*words[:-1], b"<hidden>"]
        if name == b"hello" and b"auth" in low:
            at = low.index(b"auth") + 2
            return [*words[:at], *[b"<hidden>"] * bool(words[at:]), *words[at + 1 :]]
        if name == b"config" and low[:1] == [b"set"]:
            secret = (b"requirepass", b"masterauth")
            return [
                b"<hidden>" if before in secret else word
                for before, word in zip([b"", *low], words, strict=False)
            ]
        return words

    # -- replies ------------------------------------------------------------------------------------

    def _on_reply(self, value: Value) -> None:
        if isinstance(value, Push):
            self._resp3 = True
            return
        if self._subscribed or not self._pending:
            if isinstance(value, list) and value[:1] == [b"unsubscribe"] and value[2:] == [b"0"]:
                self._subscribed = False
            return
        if isinstance(value, list) and len(value) == 3 and value[0] in (*_SUBSCRIBE, *_UNSUBSCRIBE):
            return  # answers a command that was told at once
        if self._owed:
            self._owed -= 1
            return
        event = self._pending.popleft()
        event.success = not isinstance(value, RespError)
        event.reply_value = text_of(value)
        self.emit(event)

    def finish(self, ts: float) -> None:
        """Tell the commands that wait for their replies."""
        for event in self._pending:
            self.emit(event)
        self._pending.clear()
        self.done = True
