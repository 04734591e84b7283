"""The queue of the intake: bounded by weight, with room left for those who cannot wait."""

from __future__ import annotations

import asyncio

import pytest

from sentinel.intake.chunk import Chunk, Inlet


def chunk(lines: int, length: int = 1) -> Chunk:
    return Chunk("syslog", "10.0.0.2", [b"x" * length] * lines, 1.0)


async def test_who_can_wait_leaves_half_of_the_room_to_those_who_cannot() -> None:
    inlet = Inlet(100)
    await inlet.put(chunk(60))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await inlet.put(chunk(1))
    inlet.offer(chunk(40))
    assert inlet.waiting == 100 and inlet.dropped == {}
    inlet.offer(chunk(1))
    assert inlet.dropped == {"syslog": 1}


async def test_a_long_line_weighs_as_many_as_it_could_be() -> None:
    inlet = Inlet(100)
    inlet.offer(chunk(1, 200 << 10))
    inlet.offer(chunk(1))
    assert inlet.waiting == 1 and inlet.dropped == {"syslog": 1}
    inlet.done(await inlet.get())
    await inlet.put(chunk(1))
    assert inlet.waiting == 1


async def test_even_the_smallest_queue_takes_one() -> None:
    inlet = Inlet(1)
    await inlet.put(chunk(5))
    assert inlet.waiting == 5
