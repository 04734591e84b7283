"""Remote Desktop (MS-RDPBCGR): who connects with what, and which security the server chose.

The X.224 request and its answer are always in the clear. With RDP's own security the settings and the server's
certificate follow in the clear; with TLS (and CredSSP in it) they are hidden, and TLS is read instead.
"""

from __future__ import annotations

from struct import unpack_from
from typing import ClassVar, Final

from sentinel.event.rdp import Rdp as RdpEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.messages import BROKEN, MORE, Messages
from sentinel.protocol.rdp_names import (
    BUILDS,
    CERTIFICATE_TYPES,
    COLOR_DEPTHS,
    ENCRYPTION_LEVELS,
    ENCRYPTION_METHODS,
    FAILURES,
    RESULTS,
    SECURITY_PROTOCOLS,
    keyboard_name,
)
from sentinel.protocol.rdp_settings import ClientSettings, ServerSettings
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls
from sentinel.protocol.x509 import certificate, emit_chain

__all__ = ["Rdp", "RdpEudp"]

MAX_PACKET: Final = 1 << 15
MAX_COOKIE: Final = 256
WATCHED_PACKETS: Final = 64
"""Packets of each connection within which its settings must show."""

_REQUEST, _CONFIRM, _DATA = 0xE0, 0xD0, 0xF0
_NEGOTIATION_ANSWER, _NEGOTIATION_FAILURE = 2, 3
_COOKIE: Final = b"Cookie: mstshash="
_CONNECT_INITIAL, _CONNECT_RESPONSE = b"\x7f\x65", b"\x7f\x66"


def _measure(data: bytes, at: int) -> int:
    """TPKT (RFC 1006 section 6): version 3, a zero, the length."""
    room = len(data) - at
    if data[at] != 3 or (room > 1 and data[at + 1] != 0):
        return BROKEN
    if room < 4:
        return MORE
    length = data[at + 2] << 8 | data[at + 3]
    return length if length >= 7 else BROKEN


class Rdp(Analyzer):
    """One Remote Desktop connection."""

    service: ClassVar[str] = "rdp"
    whole: ClassVar[bool] = True
    ports: ClassVar[frozenset[int]] = frozenset({3389})
    first_bytes: ClassVar[frozenset[int] | None] = frozenset({3})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._messages = (Messages(_measure, MAX_PACKET), Messages(_measure, MAX_PACKET))
        self._event: RdpEvent | None = None
        self._packets = 0
        self._tls: Tls | None = None

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A TPKT that carries an X.224 connection request or confirmation, as long as it says."""
        if len(data) < 6:
            return None if data[:2] in (b"", b"\x03", b"\x03\x00") else False
        length = data[2] << 8 | data[3]
        return (
            data[:2] == b"\x03\x00"
            and 11 <= length <= 1024
            and data[4] == length - 5
            and data[5] & 0xF0 == (_REQUEST if is_orig else _CONFIRM)
        )

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        if self._tls is None and is_orig and self._chose_tls() and data[:1] == b"\x16":
            self._begin_tls(ts)
        if self._tls is not None:
            self._feed_tls(is_orig, data, ts)
            return
        messages = self._messages[is_orig]
        messages.push(data)
        while not self.done and (packet := messages.pop()) is not None:
            self._packet(is_orig, packet, ts)
        if messages.broken or self._packets > WATCHED_PACKETS:
            self.finish(ts)  # RDP's own fast path, or its encryption

    # -- TLS inside ---------------------------------------------------------------------------------

    def _chose_tls(self) -> bool:
        return self._event is not None and self._event.security_protocol not in (None, "RDP")

    def _begin_tls(self, ts: float) -> None:
        self._tls = Tls(self.flow, self.emit, self.settings)
        self.flow.carries(Tls.service)
        if self._event is not None:
            self._event.result = self._event.result or "encrypted"
        self._tell()

    def _feed_tls(self, is_orig: bool, data: bytes, ts: float) -> None:
        if self._tls is not None:
            self._tls.feed(is_orig, data, ts)
            self.encrypted = self._tls.encrypted
            self.done = self._tls.done

    # -- packets in the clear -----------------------------------------------------------------------

    def _packet(self, is_orig: bool, packet: bytes, ts: float) -> None:
        self._packets += 1
        event = self._event
        if event is None:
            event = self._event = RdpEvent(ts=ts, **self.whose, cert_count=0)
        kind = packet[5] & 0xF0
        if kind == _REQUEST and is_orig:
            self._request(event, packet)
        elif kind == _CONFIRM and not is_orig:
            self._confirm(event, packet)
        elif kind == _DATA:
            if packet[7:9] == _CONNECT_INITIAL and is_orig:
                self._client(event, packet)
            elif packet[7:9] == _CONNECT_RESPONSE and not is_orig:
                self._server(event, packet, ts)

    def _request(self, event: RdpEvent, packet: bytes) -> None:
        at = packet.find(_COOKIE)
        if at >= 0:
            cookie = packet[at + len(_COOKIE) :].partition(b"\r\n")[0]
            event.cookie = cookie[:MAX_COOKIE].decode("utf-8", "backslashreplace")

    def _confirm(self, event: RdpEvent, packet: bytes) -> None:
        """MS-RDPBCGR section 2.2.1.2; a server without the negotiation knows only RDP's own security."""
        if len(packet) < 19:
            event.security_protocol = "RDP"
            return
        code = unpack_from("<I", packet, 15)[0]
        if packet[11] == _NEGOTIATION_ANSWER:
            event.security_protocol = SECURITY_PROTOCOLS.get(code, f"security_protocol-{code}")
        elif packet[11] == _NEGOTIATION_FAILURE:
            event.result = FAILURES.get(code, f"failure_code-{code}")

    def _client(self, event: RdpEvent, packet: bytes) -> None:
        found = ClientSettings.read(packet)
        if found is None:
            return
        event.keyboard_layout = keyboard_name(found.keyboard_layout)
        event.client_build = BUILDS.get(found.build, f"client_build-{found.build}")
        event.client_name = found.name
        event.client_dig_product_id = found.product_id
        event.desktop_width, event.desktop_height = found.width, found.height
        depth = found.high_color_depth
        if found.wants_32_bits:
            event.requested_color_depth = "32bit"
        elif depth is not None:
            event.requested_color_depth = COLOR_DEPTHS.get(depth, f"high_color_depth-{depth}")
        event.client_channels = found.channels or None

    def _server(self, event: RdpEvent, packet: bytes, ts: float) -> None:
        found = ServerSettings.read(packet)
        if found is None:
            return
        if found.result is not None:
            event.result = RESULTS.get(found.result, f"result-{found.result}")
        method, level = found.encryption_method, found.encryption_level
        if method is not None and level is not None:
            event.encryption_method = ENCRYPTION_METHODS.get(method, f"encryption_method-{method}")
            event.encryption_level = ENCRYPTION_LEVELS.get(level, f"encryption_level-{level}")
        if found.certificate_type is not None:
            kind = found.certificate_type
            event.cert_type = CERTIFICATE_TYPES.get(kind, f"cert_type-{kind}")
            event.cert_permanent = found.permanent
            event.cert_count = 1 if kind == 1 else len(found.certificates)
            chain = [seen for blob in reversed(found.certificates) if (seen := certificate(blob)) is not None]
            emit_chain(chain, self.flow, self.emit, ts, False)
        self.encrypted = event.encryption_method not in (None, "None")
        self.finish(ts)

    # -- the end ------------------------------------------------------------------------------------

    def _tell(self) -> None:
        event, self._event = self._event, None
        if event is not None and (
            event.cookie or event.keyboard_layout or event.result or event.security_protocol
        ):
            self.emit(event)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole: what follows cannot be cut into packets."""
        if self._tls is not None:
            self._tls.gap(is_orig, length, ts)
            self.done = self._tls.done
        elif not self._messages[is_orig].lost(length):
            self.finish(ts)

    def finish(self, ts: float) -> None:
        """Tell the connection as far as it is known."""
        if self._tls is not None:
            self._tls.finish(ts)
        self._tell()
        self.done = True


class RdpEudp(Analyzer):
    """Remote Desktop's UDP side channel (MS-RDPEUDP, MS-RDPEUDP2): known by its handshake, then encrypted."""

    service: ClassVar[str] = "rdpeudp"
    transports: ClassVar[frozenset[str]] = frozenset({"udp"})
    ports: ClassVar[frozenset[int]] = frozenset({3389})
    first_bytes: ClassVar[frozenset[int] | None] = frozenset({0xFF})

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A SYN without acknowledgement, padded to the size that is probed (MS-RDPEUDP section 3.1.5.1.1)."""
        return is_orig and len(data) >= 1132 and data[:4] == b"\xff\xff\xff\xff" and data[7] & 5 == 1

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Nothing of it can be read."""
        self.encrypted = True
        self.done = True
