"""RFB, the protocol of VNC (RFC 6143), 3.3 to 3.8: versions, authentication and its result, the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from sentinel.event.rfb import Rfb as RfbEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import printable
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Rfb"]

MAX_PENDING: Final = 4096
MAX_NAME: Final = 256

_VERSION_SIZE: Final = 12
_NONE, _VNC, _APPLE = 1, 2, 30
_METHODS: Final = {
    0: "Invalid",
    1: "None",
    2: "VNC",
    16: "Tight",
    17: "Ultra",
    18: "TLS",
    19: "VeNCrypt",
    20: "GTK-VNC SASL",
    21: "MD5 hash authentication",
    22: "Colin Dean xvp",
    30: "Apple Remote Desktop",
}

_Step = Callable[[bytes, float], int]
"""Reads one message at the beginning of the bytes; how long it was, 0 for: more bytes are needed."""


def _is_version(data: bytes) -> bool:
    return data.startswith(b"RFB ") and data[7:8] == b"." and data[4:7].isdigit() and data[8:11].isdigit()


class Rfb(Analyzer):
    """One session until the screen's parameters."""

    __slots__ = ("_event", "_key_size", "_minor", "_pending", "_steps")

    service: ClassVar[str] = "rfb"
    ports: ClassVar[frozenset[int]] = frozenset({5800, 5900, 5901, 5902, 5903, 5904, 5905})

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._event: RfbEvent | None = None
        self._pending = [b"", b""]
        self._minor = 8
        self._key_size = 0
        self._steps: list[tuple[bool, _Step]] = [(False, self._server_version), (True, self._client_version)]
        """Whose message comes next, and who reads it: both sides speak in turn."""

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """The server's version."""
        if is_orig or data[0] != 0x52:
            return False
        if len(data) < _VERSION_SIZE:
            return None if b"RFB ".startswith(data[:4]) else False
        return _is_version(data) and data[11] == 0x0A

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        self._pending[is_orig] += data
        while self._steps and not self.done:
            side, step = self._steps[0]
            used = step(self._pending[side], ts) if self._pending[side] else 0
            if not used:
                break
            self._pending[side] = self._pending[side][used:]
            self._steps.pop(0)
        if not self._steps:
            self.finish(ts)
        elif not self.done and max(map(len, self._pending)) > MAX_PENDING:
            self.flow.weird("RFB_message_too_long", ts, None, "RFB")
            self.finish(ts)

    def _server_version(self, data: bytes, ts: float) -> int:
        if len(data) < _VERSION_SIZE:
            return 0
        self._event = RfbEvent(ts=ts, **self.whose)
        self._event.server_major_version = printable(data[4:7])
        self._event.server_minor_version = printable(data[8:11])
        return _VERSION_SIZE

    def _client_version(self, data: bytes, ts: float) -> int:
        if len(data) < _VERSION_SIZE:
            return 0
        if not _is_version(data) or self._event is None:
            self.flow.weird("RFB_bad_version", ts, printable(data[:_VERSION_SIZE]), "RFB")
            self.finish(ts)
            return _VERSION_SIZE
        self._event.client_major_version = printable(data[4:7])
        self._event.client_minor_version = printable(data[8:11])
        self._minor = int(data[8:11])
        if self._minor < 7:
            self._steps.append((False, self._one_method))
        else:
            self._steps += [(False, self._methods), (True, self._choice)]
        return _VERSION_SIZE

    def _one_method(self, data: bytes, ts: float) -> int:
        """3.3: the server decides."""
        if len(data) < 4:
            return 0
        self._chosen(int.from_bytes(data[:4], "big"), ts)
        return 4

    def _methods(self, data: bytes, ts: float) -> int:
        if not data[0]:
            self._chosen(0, ts)  # none, and a reason: too many failures, for one
            return 1
        return 1 + data[0] if len(data) > data[0] else 0

    def _choice(self, data: bytes, ts: float) -> int:
        self._chosen(data[0], ts)
        return 1

    def _chosen(self, method: int, ts: float) -> None:
        if self._event is not None:
            self._event.authentication_method = _METHODS.get(method, "RealVNC")
        if method == _NONE:
            self._steps += [(False, self._result)] if self._minor >= 8 else []
            self._steps += [(True, self._share)]
        elif method == _VNC:
            self._steps += [(False, _sixteen), (True, _sixteen), (False, self._result), (True, self._share)]
        elif method == _APPLE:
            self._steps += [
                (False, self._apple_key),
                (True, self._apple_answer),
                (False, self._result),
                (True, self._share),
            ]
        else:
            self.finish(ts)

    def _apple_key(self, data: bytes, ts: float) -> int:
        """Diffie-Hellman: generator, length of the key, modulus and public key."""
        if len(data) < 4:
            return 0
        self._key_size = data[2] << 8 | data[3]
        size = 4 + 2 * self._key_size
        return size if len(data) >= size else 0

    def _apple_answer(self, data: bytes, ts: float) -> int:
        size = 128 + self._key_size
        return size if len(data) >= size else 0

    def _result(self, data: bytes, ts: float) -> int:
        if len(data) < 4:
            return 0
        if self._event is not None:
            self._event.auth = not int.from_bytes(data[:4], "big")
            if not self._event.auth:
                self.finish(ts)
        return 4

    def _share(self, data: bytes, ts: float) -> int:
        if self._event is not None:
            self._event.share_flag = data[0] != 0
        self._steps.append((False, self._screen))
        return 1

    def _screen(self, data: bytes, ts: float) -> int:
        """ServerInit: width, height, pixel format, name."""
        if len(data) < 24:
            return 0
        size = int.from_bytes(data[20:24], "big")
        if len(data) < 24 + min(size, MAX_NAME):
            return 0
        if self._event is not None:
            self._event.width = data[0] << 8 | data[1]
            self._event.height = data[2] << 8 | data[3]
            self._event.desktop_name = printable(data[24 : 24 + min(size, MAX_NAME)])
        return len(data)

    def finish(self, ts: float) -> None:
        """Tell the session as far as it came."""
        if self._event is not None:
            self.emit(self._event)
            self._event = None
        self.done = True


def _sixteen(data: bytes, ts: float) -> int:
    """A challenge, or its answer."""
    return 16 if len(data) >= 16 else 0
