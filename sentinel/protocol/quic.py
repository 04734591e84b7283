"""QUIC v1, v2 and late drafts (RFC 9000, 9001, 9369): the handshake as far as anyone on the way can read it.

Initial packets are deciphered with the keys that follow from the client's first connection ID; their hellos
give the same `ssl` event as over TCP. Every later packet costs its first bytes. As in Zeek, `quic` is told
when a side closes, when the client is sent to retry, and else at the end of the flow.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sentinel.event.quic import Quic as QuicEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.quic_initial import (
    VERSION_2,
    CryptoStream,
    InitialKeys,
    crypto_frames,
    varint,
    version_name,
    versions,
)
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls_session import CLIENT_HELLO, SERVER_HELLO, TlsSession

__all__ = ["Quic"]

MAX_HISTORY: Final = 100
MAX_EVENTS: Final = 8
MAX_SHORT: Final = 512
"""Short-header packets after which a connection is let go."""
MAX_UNREADABLE: Final = 64
"""Long headers after which a connection that shows no short one is let go."""
MAX_CID: Final = 20
SMALLEST_INITIAL: Final = 1200
"""Bytes of a client's datagram with an Initial packet (RFC 9000 section 14.1)."""

_INITIAL, _ZERO_RTT, _HANDSHAKE, _RETRY = range(4)
_LETTERS: Final = "izhr"


def _long_type(first: int, version: int) -> int:
    """What RFC 9000 section 17.2 calls it; v2 numbers the types anew (RFC 9369 section 3.2)."""
    kind = first >> 4 & 3
    return (kind - 1) & 3 if version == VERSION_2 else kind


class Quic(Analyzer):
    """One QUIC connection (or several after one another on the same ports)."""

    __slots__ = (
        "_dcid",
        "_event",
        "_events",
        "_history",
        "_keys",
        "_long",
        "_opened",
        "_session",
        "_short",
        "_streams",
        "encrypted",
    )

    service: ClassVar[str] = "quic"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({443, 784, 853, 8443})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._session = TlsSession(flow, emit, "q")
        self._event: QuicEvent | None = None
        self._events = 0
        self._history: list[str] = []
        self._keys: dict[tuple[int, bool], InitialKeys] = {}
        self._streams = (CryptoStream(), CryptoStream())
        self._dcid: bytes | None = None
        self._opened = 0
        self._long = 0
        self._short = [0, 0]
        self.encrypted = False

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A long header of a version that exists, whose lengths fit; a client's Initial fills 1200 bytes."""
        size = len(data)
        if size < 21 or data[0] & 0xC0 != 0xC0:
            return False
        version = int.from_bytes(data[1:5], "big")
        dcid_size = data[5]
        if dcid_size > MAX_CID or size < 7 + dcid_size or data[6 + dcid_size] > MAX_CID:
            return False
        if version not in versions:
            # greased versions ask for negotiation (RFC 9000 section 15); Q0xx and T0xx are Google's own
            asks = version & 0x0F0F0F0F == 0x0A0A0A0A or data[1:3] in (b"Q0", b"T0")
            return asks and is_orig and size >= SMALLEST_INITIAL and dcid_size >= 8
        kind = _long_type(data[0], version)
        if kind == _RETRY:
            return size >= 7 + dcid_size + 16
        try:
            at = 7 + dcid_size + data[6 + dcid_size]
            if kind == _INITIAL:
                token, at = varint(data, at)
                at += token
            length, at = varint(data, at)
        except IndexError:
            return False
        return at + length <= size and length >= 20

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """One datagram: packets one after another (RFC 9000 section 12.2)."""
        at, size = 0, len(data)
        while at < size and not self.done:
            first = data[at]
            if not first & 0x40:
                if self._opened:
                    self._mark(is_orig, "x")
                return
            if not first & 0x80:
                self._on_short(is_orig, ts)
                return
            at = self._on_long(is_orig, data, at, ts)

    def _mark(self, is_orig: bool, letter: str) -> None:
        if self._event is not None and len(self._history) < MAX_HISTORY:
            self._history.append(letter.upper() if is_orig else letter)

    def _on_short(self, is_orig: bool, ts: float) -> None:
        self._short[is_orig] += 1
        count = self._short[is_orig]
        if not count & (count - 1):
            self._mark(is_orig, "o")
        if self._short[0] + self._short[1] >= MAX_SHORT:
            self.encrypted = True
            self.finish(ts)

    # -- long headers -------------------------------------------------------------------------------

    def _on_long(self, is_orig: bool, data: bytes, at: int, ts: float) -> int:
        """One packet with a long header at `at`; says where the next begins."""
        size = len(data)
        self._long += 1
        if self._long > MAX_UNREADABLE and not any(self._short):
            self.finish(ts)
            return size
        try:
            version = int.from_bytes(data[at + 1 : at + 5], "big")
            here = at + 6 + data[at + 5]
            dcid = data[at + 6 : here]
            scid = data[here + 1 : here + 1 + data[here]]
            here += 1 + data[here]
            if version not in versions:
                self._see(is_orig, version, dcid, scid, ts)
                self._mark(is_orig, "u")
                self._tell(ts)
                return size
            kind = _long_type(data[at], version)
            if kind == _RETRY:
                self._on_retry(is_orig, version, dcid, scid, ts)
                return size
            if kind == _INITIAL:
                token, here = varint(data, here)
                here += token
            length, here = varint(data, here)
        except IndexError:
            self.flow.weird("QUIC_truncated", ts, None, "QUIC")
            return size
        end = here + length
        if end > size:
            self.flow.weird("QUIC_truncated", ts, None, "QUIC")
            return size
        self._see(is_orig, version, dcid, scid, ts)
        self._mark(is_orig, _LETTERS[kind])
        if kind == _INITIAL:
            self._on_initial(is_orig, version, dcid, data[at:end], here - at, ts)
        return end

    def _see(self, is_orig: bool, version: int, dcid: bytes, scid: bytes, ts: float) -> None:
        event = self._event
        if event is None:
            event = self._event = QuicEvent(
                ts=ts,
                **self.whose,
                version=version_name(version),
            )
        if is_orig:
            event.client_scid = scid.hex()
            if dcid and event.client_initial_dcid is None:
                event.client_initial_dcid = dcid.hex()
        else:
            event.server_scid = scid.hex()

    def _on_retry(self, is_orig: bool, version: int, dcid: bytes, scid: bytes, ts: float) -> None:
        """The client begins again, with keys from the connection ID that the server just gave."""
        if self._event is None:
            self._see(is_orig, version, dcid, scid, ts)
        self._mark(is_orig, "r")
        self._tell(ts)
        self._keys.clear()
        self._streams = (CryptoStream(), CryptoStream())
        self._dcid = None

    def _on_initial(
        self, is_orig: bool, version: int, dcid: bytes, packet: bytes, number_at: int, ts: float
    ) -> None:
        stream = self._streams[is_orig]
        if stream.whole:
            return
        if self._dcid is None:
            if not is_orig:
                return
            self._dcid = dcid
        keys = self._keys.get((version, is_orig))
        if keys is None:
            if len(self._keys) >= 8:
                return
            keys = self._keys[version, is_orig] = InitialKeys(version, self._dcid, is_orig)
        frames = keys.open(packet, number_at)
        if frames is None:
            self.flow.weird("QUIC_cannot_decipher", ts, None, "QUIC")
            return
        self._opened += 1
        pieces, closes = crypto_frames(frames)
        for offset, piece in pieces:
            message = stream.add(offset, piece)
            if message is not None:
                self._on_message(is_orig, message, ts)
        if closes:
            self._mark(is_orig, "c")
            self._tell(ts)

    def _on_message(self, is_orig: bool, message: bytes, ts: float) -> None:
        session = self._session
        if message[0] != (CLIENT_HELLO if is_orig else SERVER_HELLO):
            self.flow.weird("QUIC_unexpected_message", ts, str(message[0]), "QUIC")
            return
        self.flow.carries("ssl")
        session.message(is_orig, message[0], message[4:], ts)
        self._mark(is_orig, "s")
        hello = session.client
        if is_orig and hello is not None and self._event is not None:
            self._event.server_name = hello.server_name
            if hello.alpn:
                self._event.client_protocol = hello.alpn[0].decode("ascii", "backslashreplace")
        if not is_orig:
            session.conclude(ts)  # what follows is encrypted

    # -- the telling --------------------------------------------------------------------------------

    def _tell(self, ts: float) -> None:
        event, self._event = self._event, None
        if event is None:
            return
        event.history = "".join(self._history)
        self._history = []
        self._events += 1
        self.emit(event)
        if self._events >= MAX_EVENTS:
            self._session.conclude(ts)
            self.done = True

    def finish(self, ts: float) -> None:
        """Tell what is open."""
        self._session.conclude(ts)
        self._tell(ts)
        self.done = True
