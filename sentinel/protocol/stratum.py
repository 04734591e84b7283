"""Stratum, as miners of Bitcoin, Monero and Ethereum speak it to their pools: JSON lines over TCP.

Log-ins and the first share are told; then the miner is left alone, since nothing new comes.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec

from sentinel.event.stratum import Stratum as StratumEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import Lines
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Stratum"]

MAX_PENDING: Final = 16
MAX_LINES: Final = 256
MAX_TEXT: Final = 256

_OF_MINERS: Final = (b'"mining.', b'"eth_submitlogin"', b'"eth_submitwork"', b'"eth_login"')
_LOGIN: Final = b'"method":"login"'
_WITH_LOGIN: Final = (b'"agent"', b'"algo"', b'"rigid"')
_OF_POOLS: Final = (b'"mining.notify"', b'"mining.set_difficulty"', b'"blob"')
_LOGINS: Final = frozenset({"mining.subscribe", "mining.authorize", "login", "eth_submitLogin", "eth_login"})
_SHARES: Final = frozenset({"mining.submit", "submit", "eth_submitWork"})


def _text(value: Any) -> str | None:
    return value[:MAX_TEXT] if isinstance(value, str) and value else None


class Stratum(Analyzer):
    """One miner."""

    __slots__ = ("_agent", "_lines", "_pending", "_seen", "_told", "_worker")

    service: ClassVar[str] = "stratum"
    ports: ClassVar[frozenset[int]] = frozenset({3333, 4444, 5555, 7777, 14444})
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._lines = (Lines(), Lines())
        self._pending: dict[str, StratumEvent] = {}
        """By the request's id."""
        self._worker: str | None = None
        self._agent: str | None = None
        self._told = False
        self._seen = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A line of JSON with a method that only miners call, or a job of a pool."""
        if data[0] != 0x7B:
            return False
        line, end, _ = data.partition(b"\n")
        packed = line[:4096].translate(None, b" \t\r").lower()
        if any(word in packed for word in _OF_MINERS if is_orig) or any(
            word in packed for word in _OF_POOLS if not is_orig
        ):
            return True
        if is_orig and _LOGIN in packed and any(word in packed for word in _WITH_LOGIN):
            return True
        return False if end else None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        lines = self._lines[is_orig]
        lines.push(data)
        while not self.done and (line := lines.pop()) is not None:
            self._seen += 1
            try:
                message = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if isinstance(message, dict):
                if is_orig:
                    self._asked(message, ts)
                else:
                    self._answered(message, ts)
        if self._seen > MAX_LINES:
            self.finish(ts)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole costs the lines it lies in."""
        self._lines[is_orig].lost()

    def _asked(self, message: dict[str, Any], ts: float) -> None:
        method, params = message.get("method"), message.get("params")
        if not isinstance(method, str) or (method not in _LOGINS and method not in _SHARES):
            return
        self._told = True
        if isinstance(params, dict):
            self._worker = _text(params.get("login")) or self._worker
            self._agent = _text(params.get("agent")) or self._agent
        elif isinstance(params, list):
            first = _text(params[0]) if params else None
            if method == "mining.subscribe":
                self._agent = first or self._agent
            elif method in _LOGINS:
                self._worker = first or self._worker
        worker = _text(message.get("worker"))
        if worker is not None and self._worker is not None and not self._worker.endswith(worker):
            self._worker = f"{self._worker}.{worker}"[:MAX_TEXT]
        event = StratumEvent(ts=ts, **self.whose, method=method, worker=self._worker, agent=self._agent)
        if len(self._pending) >= MAX_PENDING:
            self.emit(self._pending.pop(next(iter(self._pending))))
        self._pending[str(message.get("id"))] = event

    def _answered(self, message: dict[str, Any], ts: float) -> None:
        event = self._pending.pop(str(message.get("id")), None) if message.get("method") is None else None
        if event is None:
            if not self._told and isinstance(message.get("params"), list | dict):
                self._told = True
                self.emit(StratumEvent(ts=ts, **self.whose, method="job"))
            return
        error, result = message.get("error"), message.get("result")
        event.success = not error and result is not False and result is not None
        if isinstance(error, dict):
            event.error = _text(error.get("message"))
        elif isinstance(error, list) and len(error) > 1:
            event.error = _text(error[1])
        else:
            event.error = _text(error)
        self.emit(event)
        self.done = event.method in _SHARES

    def finish(self, ts: float) -> None:
        """Tell what had no answer."""
        for event in self._pending.values():
            self.emit(event)
        self._pending.clear()
        self.done = True
