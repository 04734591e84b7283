"""A daemon's part that stores alerts and feeds a broker, until it is killed: `feeding.py DATABASE PORT FIRST LAST`.

It prints how far alerts are committed. At LAST it goes on publishing.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from sentinel.desk.feed import FeedDesk
from sentinel.event import Alert, Level
from sentinel.notify import FeedSettings, NotifySettings
from sentinel.store import AlertStore, StoreWriter


async def main(path: str, port: str, first: int, last: int) -> None:
    feed = FeedSettings(name="up", broker=f"mqtt://127.0.0.1:{port}", site="site", publish=("alerts",))
    async with StoreWriter(Path(path)) as writer, asyncio.TaskGroup() as tasks:
        store = AlertStore(writer)
        desk = FeedDesk(NotifySettings(retry=0.1, retry_max=0.1, feeds=(feed,)), writer)
        await desk.begin()
        tasks.create_task(desk.follow(desk.feeds[0]))
        for begin in range(first, last, 10):
            await store.add([alert(number) for number in range(begin, begin + 10)])
            print(begin + 10, flush=True)
            await asyncio.sleep(0.001)


def alert(number: int) -> Alert:
    return Alert(ts=float(number), id=f"a{number}", level=Level.HIGH, title="扫描", rule_id="r", kind="conn")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
