"""ClientHello and ServerHello: bodies of handshake messages read into what matters (RFC 8446 section 4.1).

Reading is lenient: where a list or extension lies about its length, what stood before it is kept.
"""

from __future__ import annotations

from functools import lru_cache
from struct import unpack_from
from typing import Final

__all__ = ["ClientHello", "ServerHello", "numbers"]

EXT_SERVER_NAME: Final = 0
EXT_GROUPS: Final = 10
EXT_POINT_FORMATS: Final = 11
EXT_SIGNATURE_ALGORITHMS: Final = 13
EXT_HEARTBEAT: Final = 15
EXT_ALPN: Final = 16
EXT_SESSION_TICKET: Final = 35
EXT_KEY_SHARE_OLD: Final = 40
EXT_PRE_SHARED_KEY: Final = 41
EXT_SUPPORTED_VERSIONS: Final = 43
EXT_KEY_SHARE: Final = 51

RETRY_RANDOM: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""ServerHello.random of a HelloRetryRequest (RFC 8446 section 4.1.3)."""

MAX_NAMES: Final = 16
MAX_EXTENSIONS: Final = 256


@lru_cache(maxsize=2048)
def _cached_numbers(data: bytes) -> tuple[int, ...]:
    return unpack_from(f"!{len(data) // 2}H", data)


def numbers(data: bytes) -> tuple[int, ...]:
    """16-bit numbers in a row."""
    return _cached_numbers(data) if len(data) <= 512 else unpack_from(f"!{len(data) // 2}H", data)


def _extensions(body: bytes, at: int) -> list[tuple[int, bytes]]:
    """(type, content) of each extension from the two bytes of total length at `at`."""
    found: list[tuple[int, bytes]] = []
    if len(body) < at + 2:
        return found
    end = min(len(body), at + 2 + (body[at] << 8 | body[at + 1]))
    at += 2
    while at + 4 <= end and len(found) < MAX_EXTENSIONS:
        length = body[at + 2] << 8 | body[at + 3]
        found.append((body[at] << 8 | body[at + 1], body[at + 4 : min(at + 4 + length, end)]))
        at += 4 + length
    return found


def _alpn(content: bytes) -> list[bytes]:
    """Names of an ALPN extension (RFC 7301 section 3.1)."""
    names: list[bytes] = []
    at = 2
    while at < len(content) and len(names) < MAX_NAMES:
        end = at + 1 + content[at]
        names.append(content[at + 1 : end])
        at = end
    return names


def _server_name(content: bytes) -> str | None:
    """First host name of a server_name extension (RFC 6066 section 3)."""
    if len(content) < 5:
        return None
    length = content[3] << 8 | content[4]
    name = content[5 : 5 + length]
    return name.decode("ascii", "backslashreplace") if name else None


class ClientHello:
    """What a client offers."""

    __slots__ = (
        "alpn",
        "ciphers",
        "extensions",
        "groups",
        "heartbeat",
        "point_formats",
        "psk",
        "server_name",
        "session_id",
        "signature_algorithms",
        "ticket",
        "version",
        "versions",
    )

    def __init__(self, version: int, session_id: bytes, ciphers: tuple[int, ...]) -> None:
        self.version = version
        """legacy_version."""
        self.session_id = session_id
        self.ciphers = ciphers
        self.extensions: tuple[int, ...] = ()
        """Types in the order sent, GREASE too."""
        self.groups: tuple[int, ...] = ()
        self.point_formats: bytes = b""
        self.signature_algorithms: tuple[int, ...] = ()
        self.versions: tuple[int, ...] = ()
        """supported_versions."""
        self.alpn: list[bytes] = []
        self.server_name: str | None = None
        self.ticket = False
        """A session ticket that is not empty."""
        self.psk = False
        self.heartbeat = False

    @classmethod
    def parse(cls, body: bytes, dtls: bool = False) -> ClientHello | None:
        """Read the body of a ClientHello, or None where it is none."""
        size = len(body)
        if size < 38:
            return None
        at = 35 + body[34]
        session_id = body[35:at]
        if dtls:
            if at >= size:
                return None
            at += 1 + body[at]  # cookie, RFC 6347 section 4.2.1
        if at + 2 > size:
            return None
        end = at + 2 + (body[at] << 8 | body[at + 1])
        if end > size:
            return None
        hello = cls(body[0] << 8 | body[1], session_id, numbers(body[at + 2 : end]))
        if end < size:
            hello._read_extensions(_extensions(body, end + 1 + body[end]))
        return hello

    def _read_extensions(self, extensions: list[tuple[int, bytes]]) -> None:
        self.extensions = tuple([kind for kind, _ in extensions])
        for kind, content in extensions:
            if kind == EXT_SERVER_NAME:
                self.server_name = _server_name(content)
            elif kind == EXT_GROUPS:
                self.groups = numbers(content[2:])
            elif kind == EXT_POINT_FORMATS:
                self.point_formats = content[1:]
            elif kind == EXT_SIGNATURE_ALGORITHMS:
                self.signature_algorithms = numbers(content[2:])
            elif kind == EXT_ALPN:
                self.alpn = _alpn(content)
            elif kind == EXT_SUPPORTED_VERSIONS:
                self.versions = numbers(content[1:])
            elif kind == EXT_SESSION_TICKET:
                self.ticket = len(content) > 0
            elif kind == EXT_PRE_SHARED_KEY:
                self.psk = True
            elif kind == EXT_HEARTBEAT:
                self.heartbeat = True


class ServerHello:
    """What a server chose."""

    __slots__ = (
        "alpn",
        "cipher",
        "extensions",
        "group",
        "heartbeat",
        "legacy_version",
        "psk",
        "retry",
        "session_id",
        "version",
    )

    def __init__(self, version: int, session_id: bytes, cipher: int, retry: bool) -> None:
        self.legacy_version = version
        self.version = version
        """From supported_versions where it is there."""
        self.session_id = session_id
        self.cipher = cipher
        self.retry = retry
        """It is a HelloRetryRequest."""
        self.extensions: tuple[int, ...] = ()
        self.alpn: list[bytes] = []
        self.group: int | None = None
        self.psk = False
        self.heartbeat = False

    @classmethod
    def parse(cls, body: bytes) -> ServerHello | None:
        """Read the body of a ServerHello, or None where it is none."""
        size = len(body)
        if size < 36:
            return None
        version = body[0] << 8 | body[1]
        if 0x7F00 <= version < 0x7F16:  # drafts before 22 have neither session id nor compression
            hello = cls(version, b"", body[34] << 8 | body[35], False)
            hello._read_extensions(_extensions(body, 36))
            return hello
        at = 35 + body[34]
        if at + 3 > size:
            return None
        hello = cls(version, body[35:at], body[at] << 8 | body[at + 1], body[2:34] == RETRY_RANDOM)
        hello._read_extensions(_extensions(body, at + 3))
        return hello

    def _read_extensions(self, extensions: list[tuple[int, bytes]]) -> None:
        self.extensions = tuple([kind for kind, _ in extensions])
        for kind, content in extensions:
            if kind == EXT_ALPN:
                self.alpn = _alpn(content)
            elif kind in (EXT_KEY_SHARE, EXT_KEY_SHARE_OLD) and len(content) >= 2:
                self.group = content[0] << 8 | content[1]
            elif kind == EXT_SUPPORTED_VERSIONS and len(content) == 2:
                self.version = content[0] << 8 | content[1]
            elif kind == EXT_PRE_SHARED_KEY:
                self.psk = True
            elif kind == EXT_HEARTBEAT:
                self.heartbeat = True
