"""Who listens outside: a mosquitto with a subscriber, and a syslog receiver, each a process of its own.

`python bench/outside.py mqtt|syslog PORT FILE` is such a process: it writes the ids of what it is given to FILE, one a line.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiomqtt import Client, ProtocolVersion

sys.path.insert(0, str(Path(__file__).parents[1]))

from sentinel.notify import ChannelSettings, FeedSettings
from tests.mosquitto import HERE, Broker

__all__ = ["Outside"]


class Outside:
    """`async with` starts all of it, ready to be spoken to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._broker = Broker(folder)
        with socket.socket() as free:
            free.bind((HERE, 0))
            self._port: int = free.getsockname()[1]
        self._processes: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Outside:
        await self._broker.start()
        for what, port in (("mqtt", self._broker.port), ("syslog", self._port)):
            file = self._folder / what
            command = [sys.executable, __file__, what, str(port), str(file)]
            self._processes.append(subprocess.Popen(command))  # noqa: ASYNC220 (before anything is measured)
            await asyncio.to_thread(_wait, file.exists, 60.0)
        return self

    async def __aexit__(self, *error: object) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()
        self._broker.stop()

    @property
    def feed(self) -> FeedSettings:
        """What publishes to the subscriber."""
        return FeedSettings(name="feed", broker=f"mqtt://{HERE}:{self._broker.port}", site="bench")

    @property
    def channel(self) -> ChannelSettings:
        """What sends every alert to the receiver, and of incidents only what is gravest."""
        return ChannelSettings(name="log", url=f"syslog+tcp://{HERE}:{self._port}", alerts="low", level=1)

    def heard(self, what: str) -> Counter[str]:
        """How often each alert's id was given to the subscriber (`mqtt`) or the receiver (`syslog`)."""
        return Counter((self._folder / what).read_text().split())

    async def all_heard(self, number: int, patience: float) -> None:
        """Wait until both were given so many alerts; what is missing shows in the numbers."""
        whats = ("mqtt", "syslog")
        await asyncio.to_thread(
            _wait, lambda: all(len(self.heard(what)) >= number for what in whats), patience
        )


def _wait(done: Callable[[], bool], patience: float) -> None:
    until = time.monotonic() + patience
    while not done() and time.monotonic() < until:
        time.sleep(0.1)


async def _subscribe(port: int, file: Path) -> None:
    async with Client(HERE, port, protocol=ProtocolVersion.V5) as client:
        await client.subscribe("sentinel/bench/alerts", qos=1)
        with file.open("w") as ids:  # who started us waits for it
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                print(msgspec.json.decode(message.payload)["id"], file=ids, flush=True)


async def _receive(port: int, file: Path) -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                length = await reader.readuntil(b" ")
            except asyncio.IncompleteReadError:
                break
            message = await reader.readexactly(int(length))
            print(message.partition(b' id="')[2].partition(b'"')[0].decode(), file=ids, flush=True)
        writer.close()

    server = await asyncio.start_server(take, HERE, port)
    with file.open("w") as ids:
        await server.serve_forever()


if __name__ == "__main__":
    _, what, port, path = sys.argv
    asyncio.run((_subscribe if what == "mqtt" else _receive)(int(port), Path(path)))
