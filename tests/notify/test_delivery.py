"""The outbox is worked through: gravest first, at the channel's pace, until it is delivered or given up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentinel.notify import ChannelSettings, Delivery, DeliveryError, NotifySettings
from sentinel.store import StoreWriter
from sentinel.store.outbox import OutboxMessage, OutboxStore, enqueue

CHANNEL = ChannelSettings(name="c", url="http://unused", body="", per_minute=3)
SETTINGS = NotifySettings()


class Scene:
    """An injected clock, a channel that fails as often as told, and what it was given."""

    def __init__(self, writer: StoreWriter, failures: int = 0) -> None:
        self.now = 1000.0
        self.writer = writer
        self.failures = failures
        self.sent: list[str] = []
        self.texts: list[str] = []
        self.told: list[str] = []

    def send(self, channel: ChannelSettings, fields: Mapping[str, str]) -> None:
        self.sent.append(fields["id"])
        self.texts.append(fields["text"])
        if self.failures:
            self.failures -= 1
            raise DeliveryError("down")

    def delivery(self, settings: NotifySettings = SETTINGS) -> Delivery:
        def tell(channel: str, outcome: str, reason: str) -> None:
            self.told.append(outcome)

        return Delivery(CHANNEL, settings, self.writer, tell, clock=lambda: self.now, send=self.send)

    async def put(self, id: str, priority: int = 4, *, about: str = "", due_at: float = 0.0) -> bool:
        message = OutboxMessage(
            id, "c", self.now, priority, json.dumps({"text": id}), about=about, due_at=due_at
        )
        return await self.writer.run(lambda database: enqueue(database, message))

    async def rows(self) -> list[dict[str, Any]]:
        return await self.writer.run(lambda database: OutboxStore(database).latest(100))


async def test_the_gravest_goes_first_and_the_pace_outlives_the_process(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer)
        for number in range(5):
            await scene.put(f"m{number}", 1 if number == 4 else 4)
        assert await scene.delivery().work() == 3
        assert scene.sent == ["m4", "m0", "m1"]
        assert await scene.delivery().work() == 0, "a new process keeps the pace of the former"
        scene.now += 61
        assert await scene.delivery().work() == 2
        assert sorted(scene.sent) == ["m0", "m1", "m2", "m3", "m4"]


async def test_repeated_tries_of_one_message_count_for_the_pace(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer, failures=100)
        settings = NotifySettings(retry=1, retry_max=1)
        await scene.put("m")
        for _ in range(60):
            await scene.delivery(settings).work()
            scene.now += 1
        assert len(scene.sent) == 3
        for _ in range(600):
            await scene.delivery(settings).work()
            scene.now += 1
        assert len(scene.sent) <= 3 * 11


async def test_the_same_message_is_written_once(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer)
        assert [await scene.put("m"), await scene.put("m")] == [True, False]


async def test_what_is_refused_waits_twice_as_long_each_time_then_is_delivered(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer, failures=2)
        delivery = scene.delivery()
        await scene.put("m")
        assert [await delivery.work(), await delivery.work()] == [1, 0]
        scene.now += 5
        assert await delivery.work() == 1
        scene.now += 9.9
        assert await delivery.work() == 0
        scene.now += 0.1
        assert await delivery.work() == 1
        (row,) = await scene.rows()
        assert (row["state"], row["attempts"], row["error"]) == ("delivered", 3, "")
        assert scene.told == ["retried", "retried", "delivered"]


async def test_what_is_given_up_stays_on_record_and_can_be_tried_again(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer, failures=2)
        delivery = scene.delivery(NotifySettings(give_up=60))
        await scene.put("m")
        await delivery.work()
        scene.now += 58
        await delivery.work()
        (row,) = await scene.rows()
        assert (row["state"], row["error"], scene.told[-1]) == ("failed", "down", "failed")
        scene.now += 100
        assert await delivery.work() == 0
        assert await writer.run(lambda database: OutboxStore(database).retry(scene.now)) == 1
        assert await delivery.work() == 1
        assert (await scene.rows())[0]["state"] == "delivered"


async def test_only_what_is_done_and_old_is_forgotten(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer)
        await scene.put("old")
        await scene.delivery().work()
        await scene.put("waiting")
        assert await writer.run(lambda database: OutboxStore(database).forget(2000.0)) == 1
        assert [row["id"] for row in await scene.rows()] == ["waiting"]


async def test_what_waits_about_one_matter_goes_as_one_request_the_newest_first(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer)
        for number in range(8):
            await scene.put(f"m{number}", 1 if number == 2 else 4, about="20261125-0001/张三")
        await scene.put("other", about="20261125-0001/李四")
        await scene.put("alone")
        assert await scene.delivery().work() == 3, "one for each whom it is meant for"
        assert scene.sent == ["m2", "other", "alone"], "under the id of the gravest"
        lines = scene.texts[0].splitlines()
        assert "8" in lines[0]
        assert lines[1:6] == ["m7", "m6", "m5", "m4", "m3"]
        assert "3" in lines[6] and len(lines) == 7
        assert {row["state"] for row in await scene.rows()} == {"delivered"}
        (member,) = await writer.run(lambda database: OutboxStore(database).find("m7"))
        (head,) = await writer.run(lambda database: OutboxStore(database).find("m2"))
        assert (member["within"], head["within"]) == (head["seq"], None)


async def test_a_message_that_was_taken_out_says_the_same_again_whatever_came_since(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer, failures=1)
        await scene.put("m0", about="x")
        await scene.put("m1", about="x")
        await scene.delivery().work()
        await scene.put("m2", about="x")
        await scene.put("m3", about="x")
        scene.now += 10
        assert await scene.delivery().work() == 2, "a process killed meanwhile would go on like this too"
        assert scene.sent == ["m0", "m0", "m2"]
        assert scene.texts[0] == scene.texts[1]
        assert scene.texts[2].splitlines()[1:] == ["m3", "m2"]
        assert {row["state"] for row in await scene.rows()} == {"delivered"}


async def test_machines_get_each_message_by_itself_and_without_a_pace(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer)
        for number in range(30):
            await scene.put(f"m{number}", about="x")
        machine = ChannelSettings(name="c", url="mqtts://unused/t")
        delivery = Delivery(
            machine, SETTINGS, writer, lambda *told: None, clock=lambda: scene.now, send=scene.send
        )
        assert [await delivery.work(), await delivery.work()] == [20, 10]
        assert scene.texts == [f"m{number}" for number in range(30)]


async def test_what_shall_wait_is_not_told_before_but_goes_along_with_what_is(tmp_path: Path) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer)
        await scene.put("quiet", about="a", due_at=2000.0)
        await scene.put("quiet too", about="b", due_at=2000.0)
        assert await scene.delivery().work() == 0
        await scene.put("loud", 2, about="a")
        assert await scene.delivery().work() == 1
        assert scene.texts[0].splitlines()[1:] == ["loud", "quiet"]
        scene.now = 2000.0
        assert await scene.delivery().work() == 1
        assert scene.texts[1] == "quiet too"


async def test_what_a_removed_channel_left_is_given_up_in_time_and_no_more_than_so_much_waits(
    tmp_path: Path,
) -> None:
    async with StoreWriter(tmp_path / "s.sqlite") as writer:
        scene = Scene(writer)
        await scene.put("grave", 1)
        for number in range(4):
            await scene.put(f"m{number}")
        assert await writer.run(lambda db: OutboxStore(db).abandon(("c",), 2000.0, 9.0, "gone")) == {}
        assert await writer.run(lambda db: OutboxStore(db).abandon(("d",), 1000.0, 9.0, "gone")) == {}
        assert await writer.run(lambda db: OutboxStore(db).curtail(3, 9.0, "much")) == {"c": 2}
        states = {row["id"]: (row["state"], row["error"]) for row in await scene.rows()}
        assert states["m0"] == states["m1"] == ("failed", "much")
        assert states["grave"] == states["m3"] == ("waiting", "")
        assert await writer.run(lambda db: OutboxStore(db).abandon(("d",), 2000.0, 9.0, "gone")) == {"c": 3}
        assert await writer.run(lambda db: OutboxStore(db).waiting()) == {}
