"""Syslog from the network: UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sentinel.intake.chunk import Chunk, Inlet, Report
from sentinel.intake.framing import Framing, FramingError
from sentinel.text import text

__all__ = ["StreamSource", "UdpSource", "tls_context"]

_BUFFER: Final = 8 << 20
"""Bytes that the kernel may hold of datagrams."""
_PIECE: Final = 1 << 16
_MOST_CONNECTIONS: Final = 512
"""Past these, who has been quiet for longest gives way."""
_MOST_OF_ONE: Final = 64
"""Connections of one address."""
_HANDSHAKE: Final = 10.0
"""Seconds in which a sender must have shown that it speaks TLS."""
_GATHER: Final = 0.05
"""Seconds in which datagrams of one sender are handed over together."""
_TOGETHER: Final = 500
_RETRY: Final = 5.0


class UdpSource:
    """Receives datagrams, one message each. What cannot be taken in time is lost, and counted."""

    def __init__(
        self,
        name: str,
        address: str,
        port: int,
        inlet: Inlet,
        report: Report,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.port = port
        """The one it listens at, once it does: 0 takes any."""
        self.kernel_drops = 0
        """Datagrams that the kernel dropped since we did not read them in time."""
        self.listening = asyncio.Event()
        self._address = address
        self._inlet = inlet
        self._report = report
        self._now = now
        self._gathered: dict[str, list[bytes]] = {}
        self._number = 0

    async def run(self) -> None:
        """Receive until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                with _bound(self._address, self.port, socket.SOCK_DGRAM) as bound:
                    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
                    self.port = bound.getsockname()[1]
                    transport, _ = await loop.create_datagram_endpoint(
                        lambda: _Datagrams(self.take), sock=bound
                    )
                    try:
                        self.listening.set()
                        await self._hand_over(bound)
                    finally:
                        transport.close()
            except OSError as error:
                self._report(f"{self._address}:{self.port}/udp", error.strerror or str(error))
                await asyncio.sleep(_RETRY)

    def take(self, data: bytes, sender: str) -> None:
        """One datagram. Some senders put several lines into one."""
        lines = [line for line in data.split(b"\n") if line.strip(b"\r\0 ")]
        self._gathered.setdefault(sender, []).extend(lines)
        self._number += max(1, len(lines))
        if self._number >= _TOGETHER:
            self._flush()

    async def _hand_over(self, bound: socket.socket) -> None:
        inode = _inode(bound)
        looked = 0.0
        while True:
            await asyncio.sleep(_GATHER)
            self._flush()
            if time.monotonic() - looked > 1:
                looked = time.monotonic()
                self.kernel_drops = await asyncio.to_thread(_dropped, inode, self.kernel_drops)

    def _flush(self) -> None:
        gathered, self._gathered, self._number = self._gathered, {}, 0
        arrival = self._now()
        for sender, lines in gathered.items():
            self._inlet.offer(Chunk(self.name, sender, lines, arrival, host=sender))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, str], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._take(data, _plain(addr[0]))


class StreamSource:
    """Accepts connections, with TLS where a context is given. Who sends faster than is read, waits."""

    def __init__(
        self,
        name: str,
        address: str,
        port: int,
        inlet: Inlet,
        report: Report,
        *,
        tls: Callable[[], ssl.SSLContext] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.port = port
        """The one it listens at, once it does: 0 takes any."""
        self.refused = 0
        """Connections closed since there are too many."""
        self.damaged = 0
        """Connections closed since where a message begins could not be known any more."""
        self.listening = asyncio.Event()
        self._address = address
        self._inlet = inlet
        self._report = report
        self._tls = tls
        self._now = now
        self._open: OrderedDict[asyncio.StreamWriter, str] = OrderedDict()
        """Connections and their senders; who sent last stands last."""

    async def run(self) -> None:
        """Accept until cancelled."""
        while True:
            try:
                context = await asyncio.to_thread(self._tls) if self._tls is not None else None
                with _bound(self._address, self.port, socket.SOCK_STREAM) as bound:
                    self.port = bound.getsockname()[1]
                    async with asyncio.TaskGroup() as tasks:
                        server = await asyncio.start_server(
                            lambda reader, writer: self._accept(tasks, reader, writer),
                            sock=bound,
                            ssl=context,
                            ssl_handshake_timeout=_HANDSHAKE if context is not None else None,
                        )
                        async with server:
                            self.listening.set()
                            await server.serve_forever()
            except (OSError, ssl.SSLError) as error:
                self._report(
                    f"{self._address}:{self.port}/tcp", getattr(error, "strerror", None) or str(error)
                )
                await asyncio.sleep(_RETRY)

    def _accept(
        self, tasks: asyncio.TaskGroup, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        sender = _plain((writer.get_extra_info("peername") or ("?",))[0])
        if sum(1 for one in self._open.values() if one == sender) >= _MOST_OF_ONE:
            self._refuse(writer, sender)
            return
        if len(self._open) >= _MOST_CONNECTIONS:
            self._refuse(*next(iter(self._open.items())))
        self._open[writer] = sender
        tasks.create_task(self._serve(reader, writer, sender))

    def _refuse(self, writer: asyncio.StreamWriter, sender: str) -> None:
        self.refused += 1
        self._open.pop(writer, None)
        self._report(sender, text("intake.too-many-connections", one=_MOST_OF_ONE, most=_MOST_CONNECTIONS))
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: str) -> None:
        framing = Framing()
        try:
            while data := await reader.read(_PIECE):
                if writer in self._open:
                    self._open.move_to_end(writer)
                await self._put(framing.feed(data), sender)
            await self._put(framing.finish(), sender)
        except FramingError as error:
            self.damaged += 1
            self._report(sender, text("intake.bad-framing", octets=error.octets))
        except (OSError, ssl.SSLError):
            await self._put(framing.finish(), sender)
        finally:
            self._open.pop(writer, None)
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def _put(self, messages: list[bytes], sender: str) -> None:
        for begin in range(0, len(messages), _TOGETHER):
            lines = messages[begin : begin + _TOGETHER]
            await self._inlet.put(Chunk(self.name, sender, lines, self._now(), host=sender))


def tls_context(certificate: Path, key: Path, authority: Path | None) -> ssl.SSLContext:
    """A server's context; with `authority` only senders with a certificate of it may connect.

    Raises OSError or ssl.SSLError where the files are not what they should be.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if authority is not None:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        bound.bind((address, port))
    except BaseException:
        bound.close()
        raise
    return bound


def _plain(address: str) -> str:
    return address.partition("%")[0].removeprefix("::ffff:")


def _inode(bound: socket.socket) -> str:
    try:
        return (
            Path(f"/proc/self/fd/{bound.fileno()}").readlink().name.removeprefix("socket:[").removesuffix("]")
        )
    except OSError:
        return ""


def _dropped(inode: str, before: int) -> int:
    """The kernel's own count of the socket's datagrams lost (last column of /proc/net/udp)."""
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                columns = line.split()
                if len(columns) >= 13 and columns[9] == inode:
                    return max(before, int(columns[12]))
    return before
