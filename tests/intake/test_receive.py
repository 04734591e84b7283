"""Syslog over UDP, TCP and TLS, with real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sentinel.intake.chunk import Inlet
from sentinel.intake.receive import StreamSource, UdpSource, _bound, _dropped, _inode, tls_context

HERE = "127.0.0.1"


def no_report(what: str, why: str) -> None:
    raise AssertionError((what, why))


@asynccontextmanager
async def running(source: UdpSource | StreamSource) -> AsyncIterator[None]:
    task = asyncio.create_task(source.run())
    try:
        async with asyncio.timeout(20):
            await source.listening.wait()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def lines_of(inlet: Inlet, number: int) -> list[bytes]:
    lines: list[bytes] = []
    async with asyncio.timeout(20):
        while len(lines) < number:
            chunk = await inlet.get()
            assert chunk.host == HERE
            inlet.done(chunk)
            lines += chunk.lines
    return lines


async def test_datagrams() -> None:
    inlet = Inlet(10)
    source = UdpSource("syslog", HERE, 0, inlet, no_report)
    async with running(source):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect((HERE, source.port))
            for message in (b"<13>one", b"<13>two\n<13>three\n", "<13>中文".encode("gbk")):
                sender.send(message)
            assert await lines_of(inlet, 4) == [
                b"<13>one",
                b"<13>two",
                b"<13>three",
                "<13>中文".encode("gbk"),
            ]
    assert inlet.dropped == {}


async def test_datagrams_that_no_one_can_take_are_counted() -> None:
    inlet = Inlet(600)
    source = UdpSource("syslog", HERE, 0, inlet, no_report)
    for _ in range(3):
        for number in range(500):
            source.take(b"<13>x", f"10.0.0.{number % 2}")
    assert inlet.waiting == 750 and inlet.dropped == {"syslog": 750}
    chunk = await inlet.get()
    inlet.done(chunk)
    assert inlet.waiting == 500


async def test_datagrams_that_the_kernel_drops_are_counted() -> None:
    with (
        _bound(HERE, 0, socket.SOCK_DGRAM) as bound,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        for _ in range(100):
            sender.sendto(b"x" * 1000, bound.getsockname())
        kept = 0
        with contextlib.suppress(BlockingIOError):
            while bound.recv(2000):
                kept += 1
        assert 0 < kept < 100 and _dropped(_inode(bound), 0) == 100 - kept
        assert _dropped("none such", 7) == 7


async def test_many_senders_at_once_lose_nothing_while_there_is_room() -> None:
    inlet = Inlet(10_000)
    source = UdpSource("syslog", HERE, 0, inlet, no_report)
    for number in range(500):
        source.take(b"<13>x", f"10.0.{number // 250}.{number % 250}")
    assert inlet.waiting == 500 and inlet.dropped == {}


async def test_a_datagram_of_many_lines_is_handed_over_at_once() -> None:
    inlet = Inlet(100_000)
    source = UdpSource("syslog", HERE, 0, inlet, no_report)
    source.take(b"x\n" * 30_000, "10.0.0.1")
    assert inlet.waiting == 30_000


async def test_too_many_connections_cost_who_is_quiet_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.intake.receive._MOST_CONNECTIONS", 2)
    inlet = Inlet(10)
    reports: list[tuple[str, str]] = []
    source = StreamSource("syslog", HERE, 0, inlet, lambda what, why: reports.append((what, why)))
    async with running(source):
        _, busy = await asyncio.open_connection(HERE, source.port)
        idle_reader, idle = await asyncio.open_connection(HERE, source.port)
        busy.write(b"<13>one\n")
        assert await lines_of(inlet, 1) == [b"<13>one"]
        _, third = await asyncio.open_connection(HERE, source.port)
        third.write(b"<13>three\n")
        assert await lines_of(inlet, 1) == [b"<13>three"]
        with contextlib.suppress(ConnectionError):
            assert await idle_reader.read() == b""
        busy.write(b"<13>two\n")
        assert await lines_of(inlet, 1) == [b"<13>two"]
        assert source.refused == 1 and [what for what, _ in reports] == [HERE]
        for writer in (busy, idle, third):
            writer.close()


async def test_one_address_has_but_some_of_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.intake.receive._MOST_OF_ONE", 1)
    inlet = Inlet(10)
    reports: list[tuple[str, str]] = []
    source = StreamSource("syslog", HERE, 0, inlet, lambda what, why: reports.append((what, why)))
    async with running(source):
        _, first = await asyncio.open_connection(HERE, source.port)
        first.write(b"<13>one\n")
        assert await lines_of(inlet, 1) == [b"<13>one"]
        reader, second = await asyncio.open_connection(HERE, source.port)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        first.write(b"<13>two\n")
        assert await lines_of(inlet, 1) == [b"<13>two"]
        assert source.refused == 1 and [what for what, _ in reports] == [HERE]
        for writer in (first, second):
            writer.close()


async def test_streams_and_what_has_no_end() -> None:
    inlet = Inlet(10)
    source = StreamSource("syslog", HERE, 0, inlet, no_report)
    async with running(source):
        _, writer = await asyncio.open_connection(HERE, source.port)
        writer.write(b"<13>one\n7 <13>two<13>three")
        writer.close()
        assert await lines_of(inlet, 3) == [b"<13>one", b"<13>two", b"<13>three"]


async def test_who_sends_faster_than_is_read_waits() -> None:
    inlet = Inlet(1)
    source = StreamSource("syslog", HERE, 0, inlet, no_report)
    async with running(source):
        _, writer = await asyncio.open_connection(HERE, source.port)
        number = 200_000
        message = b"<13>" + b"x" * 96 + b"\n"
        sending = asyncio.create_task(_send(writer, message, number))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(sending)
        assert len(await lines_of(inlet, number)) == number
        await sending
        writer.close()


async def _send(writer: asyncio.StreamWriter, message: bytes, number: int) -> None:
    for _ in range(number // 1000):
        writer.write(message * 1000)
        await writer.drain()


async def test_a_count_past_all_measure_ends_that_connection_alone() -> None:
    inlet = Inlet(10)
    reports: list[tuple[str, str]] = []
    source = StreamSource("syslog", HERE, 0, inlet, lambda what, why: reports.append((what, why)))
    async with running(source):
        reader, writer = await asyncio.open_connection(HERE, source.port)
        _, other = await asyncio.open_connection(HERE, source.port)
        writer.write(b"99999999 <13>x")
        assert await reader.read() == b""
        other.write(b"<13>fine\n")
        assert await lines_of(inlet, 1) == [b"<13>fine"]
        other.close()
    assert source.damaged == 1 and [what for what, _ in reports] == [HERE]
    assert "99999999" in reports[0][1]


def certificate(folder: Path, name: str, by: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    issuer, signer = (subject, key) if by is None else (by[0].subject, by[1])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made, key


async def test_tls_takes_only_who_has_a_certificate_of_the_authority(tmp_path: Path) -> None:
    authority = certificate(tmp_path, "authority")
    certificate(tmp_path, "server", authority)
    certificate(tmp_path, "client", authority)
    certificate(tmp_path, "stranger")
    made: Callable[[], ssl.SSLContext] = partial(
        tls_context, tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "authority.pem"
    )
    inlet = Inlet(10)
    source = StreamSource("syslog", HERE, 0, inlet, no_report, tls=made)
    async with running(source):
        for name in ("stranger", "client"):
            context = ssl.create_default_context(cafile=tmp_path / "authority.pem")
            context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
            try:
                reader, writer = await asyncio.open_connection(HERE, source.port, ssl=context)
                writer.write(f"<13>{name}\n".encode())
                await writer.drain()
                writer.close()
                await reader.read()
            except (OSError, ssl.SSLError):
                assert name == "stranger"
        assert await lines_of(inlet, 1) == [b"<13>client"]


async def test_a_port_that_is_taken_is_told() -> None:
    told = asyncio.Event()

    def report(what: str, why: str) -> None:
        told.set()

    with socket.socket() as taken:
        taken.bind((HERE, 0))
        taken.listen()
        source = StreamSource("syslog", HERE, taken.getsockname()[1], Inlet(1), report)
        task = asyncio.create_task(source.run())
        async with asyncio.timeout(20):
            await told.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
