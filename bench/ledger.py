"""What the device ledger promises: `python bench/ledger.py [--devices N] [--rows N]`, or `make bench` with `--only ledger`.

Commands are measured as people run them, whole processes with their start, by processor time: lists and differences
over as many devices as assets, the import of a messy register; and in this process the table under forged addresses
and the daemon's comparison, whose longest step is what its loop waits for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.figure import Figure, as_table  # noqa: E402
from sentinel.collector import relax_collector  # noqa: E402
from sentinel.config import Config  # noqa: E402
from sentinel.desk.ledger import LedgerDesk  # noqa: E402
from sentinel.event import Arp, Event  # noqa: E402
from sentinel.flow.settings import FlowSettings  # noqa: E402
from sentinel.ledger import Asset, Device, Fact, Ledger, LedgerSettings, LedgerStore, Register, Registered  # noqa: E402
from sentinel.ledger.intake import Plan  # noqa: E402
from sentinel.ledger.store import row_of  # noqa: E402
from sentinel.store import StoreWriter  # noqa: E402
from sentinel.store.session import in_transaction  # noqa: E402

HEAD: Final = [
    "资产编号",
    "设备名称",
    "IP地址",
    "MAC地址",
    "责任单位",
    "责任人",
    "联系电话",
    "等保级别",
    "接入类别",
    "位置",
]
_DAY: Final = 86400.0
_BAD: Final = {2: "10.300.0.1", 3: "00-1B-21", 6: "1.38E+10", 7: "九级", 8: "G"}
"""By column, what a tired person writes there."""


def address_of(number: int) -> str:
    """One of a /8, far from its ends."""
    return f"10.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def mac_of(number: int) -> str:
    return f"00:1b:21:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def device_of(number: int, now: float) -> Device:
    """A machine as it looks after a month: an address, a name, two services, what its browser says."""
    began = now - 40 * _DAY
    facts = [
        Fact("mac", mac_of(number), "arp", 80, began, now),
        Fact("vendor", "Intel Corporate", "oui", 80, began, now),
        Fact("name", f"pc-{number}", "dhcp", 60, began, now),
        Fact("os", "Windows 10/11", "dhcp", 60, began, now),
        Fact("service", "445/tcp smb" if number % 50 == 0 else "80/tcp http", "conn", 90, began, now),
        Fact("agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130", "http", 30, began, now),
    ]
    return Device("", address_of(number), began, now, True, facts)


def asset_of(number: int) -> Asset:
    return Asset(
        f"单位{number % 97}", f"电脑{number}", (("", address_of(number)),), code=f"{number:06}", category="终端",
        mac=mac_of(number if number % 50 else number + 1), responsible="责任人甲", phone="0759-1234567",
        location="三楼", system="办公", developer=f"开发商{number % 13}", product=f"产品{number % 31}", version="1.2",
    )  # fmt: skip


def filled(path: Path, number: int, share: float = 0.98) -> None:
    """As many devices as assets, of which so great a share is at the same addresses; others are shadows and zombies."""
    now = time.time()
    apart = round(number * (1 - share))

    def work(database: object) -> None:
        store = LedgerStore(database.conn)  # type: ignore[attr-defined]
        store.put_devices((row_of(device_of(one, now)) for one in range(number)), [])
        assets = [asset_of(one) for one in range(apart, apart + number)]
        store.apply(Plan(adds=assets), actor="bench", ts=now - 40 * _DAY)

    in_transaction(path, work)


def command(*words: str, status: int = 0) -> tuple[float, float, int]:
    """A run of `sentinel`: processor seconds, seconds by the clock, lines told."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "sentinel", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != status:
        raise RuntimeError(done.stderr[-500:])
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, took, done.stdout.count("\n")


def looks(folder: Path, number: int) -> Iterator[Figure]:
    """`list` and `diff` over everything; what a start of the program costs by itself stands first."""
    filled(folder / "s.sqlite", number)
    filled(folder / "apart.sqlite", number, 0.5)
    (folder / "config.yaml").write_text("store: {path: s.sqlite}\n")
    (folder / "apart.yaml").write_text("store: {path: apart.sqlite}\n")
    (folder / "empty.yaml").write_text("store: {path: empty.sqlite}\n")
    start = min(command("assets", "list", "--config", str(folder / "empty.yaml")) for _ in range(5))[0]
    yield Figure("assets list of nothing: the start of the program", start, "s")
    print(f"{number} devices and as many assets; the start is taken off")
    for what, words, name, most in (
        ("list, the latest hundred", ("list",), "config", 1.0),
        ("list, all", ("list", "--limit", "0"), "config", None),
        ("list, all of one product", ("list", "--limit", "0", "--product", "产品7"), "config", None),
        ("diff, eight in a hundred differ", ("diff",), "config", 1.0),
        ("diff, as many differ as there are", ("diff",), "apart", None),
        ("coverage", ("coverage",), "config", None),
    ):
        config = str(folder / f"{name}.yaml")
        spent, took, lines = min(command("assets", *words, "--config", config) for _ in range(5))
        note = f"{lines} lines, whole process {took:.2f} s by the clock"
        yield Figure(f"assets {what}", spent - start, "s", most=most, note=note)


def messy(rows: int) -> tuple[list[list[str]], set[str]]:
    """A register in which every ninth row has something wrong, and the cells that are."""
    table, wrong = [HEAD], set()
    for number in range(rows):
        row = [
            f"{number:06}", f"电脑 {number}",
            address_of(number).replace(".", "．" if number % 7 == 0 else "."),
            mac_of(number).upper().replace(":", "-"), f"单位{number % 97}",
            "责任人甲", "0759-1234567", "三级", "A类", "三楼",
        ]  # fmt: skip
        if number % 9 == 0:
            column = list(_BAD)[number // 9 % len(_BAD)]
            row[column] = _BAD[column]
            wrong.add(f"{chr(65 + column)}{number + 2}")
        table.append(row)
    return table, wrong


def imports(folder: Path, rows: int) -> Iterator[Figure]:
    """The same messy register as GBK text and as a workbook."""
    table, wrong = messy(rows)
    text = folder / "register.csv"
    text.write_bytes("\r\n".join(",".join(row) for row in table).encode("gb18030"))
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("台账")
    for row in table:
        sheet.append(row)
    book.save(folder / "register.xlsx")
    for file in (text, folder / "register.xlsx"):
        config = folder / f"{file.suffix[1:]}.yaml"
        config.write_text(f"store: {{path: {file.suffix[1:]}.sqlite}}\n")
        spent, took, _ = command("assets", "import", str(file), "--config", str(config), status=1)
        again = subprocess.run(
            [sys.executable, "-m", "sentinel", "assets", "import", str(file), "--dry-run", "--json", "--config", config],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        told = json.loads(again.stdout)
        named = {one["cell"] for one in told["bad"]}
        note = f"{took:.2f} s by the clock, {told['unchanged']} taken, {len(named)} bad cells"
        yield Figure(f"assets import, {rows} rows, {file.suffix}", spent, "s", most=10, note=note)
        yield Figure(f"  bad cells not named or named wrongly, {file.suffix}", len(named ^ wrong), most=0)


def flood(devices: int, forged: int) -> Iterator[Figure]:
    """Forged ARP answers from ever new addresses, ten for each place in the table."""
    ledger = Ledger(LedgerSettings(devices=devices), ["0.0.0.0/1"])
    ledger.register(Register([Registered(1, Asset("局", "网关", (("", "100.0.0.1"),)))]))
    ledger.take([_answer(0, "100.0.0.1")])
    before = resident()
    events = [
        _answer(number, f"11.{number >> 16}.{number >> 8 & 255}.{number & 255 | 1}")
        for number in range(20_000)
    ]
    began = time.process_time()
    for begin in range(0, forged, len(events)):
        for place, event in enumerate(events):
            number = begin + place
            event.sender_ip = f"{11 + (number >> 24)}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            event.ts = number / 1000
        ledger.take(events)
        ledger.seen.changes()
    spent = time.process_time() - began
    yield Figure("devices held under forged addresses, of the table's", len(ledger.seen) / devices, most=1.0)
    yield Figure("  registered devices pushed out", int(ledger.seen.find(("", "100.0.0.1")) is None), most=0)
    yield Figure("  pushed out", ledger.seen.evicted)
    yield Figure("  resident memory more", resident() - before, "MB")
    yield Figure("  forged answers taken", forged / spent / 1e3, "k/s")


def _answer(number: int, address: str) -> Arp:
    return Arp(
        ts=float(number), operation="reply", sender_mac=mac_of(number), sender_ip=address,
        target_mac="00:00:00:00:00:00", target_ip="10.0.0.1",
    )  # fmt: skip


def resident() -> float:
    """Megabytes of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def comparison(folder: Path, number: int) -> Iterator[Figure]:
    """The daemon's own comparison: how long in all, and how long its loop waits at most."""
    filled(folder / "d.sqlite", number, 0.5)
    worst, told = asyncio.run(_compare(folder / "d.sqlite", number))
    yield Figure(f"the daemon's comparison of {number} and {number}", told, "s", note="processor time")
    yield Figure("  its loop waits, at most", worst * 1e3, "ms", most=100)


async def _compare(path: Path, number: int) -> tuple[float, float]:
    async def give(events: object) -> None: ...

    async def committed() -> bool:
        return True

    config = Config(
        flow=FlowSettings(local_networks=("10.0.0.0/8",)), ledger=LedgerSettings(devices=2 * number)
    )
    async with StoreWriter(path) as writer:
        desk = LedgerDesk(config, writer, give, committed)
        await desk.restore()
        relax_collector()
        worst, over = 0.0, asyncio.Event()

        async def watch() -> None:
            nonlocal worst
            while not over.is_set():
                before = time.perf_counter()
                await asyncio.sleep(0)
                worst = max(worst, time.perf_counter() - before)

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        began = time.process_time()
        await desk.compare()
        spent = time.process_time() - began
        over.set()
        await watching
    return worst, spent


def ledger(devices: int = 100_000, rows: int = 20_000, forged: int = 1_000_000) -> list[Figure]:
    """All of it."""
    event: Event = _answer(0, "10.0.0.1")
    assert event.kind in Ledger.kinds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [
            *looks(folder, devices),
            *imports(folder, rows),
            *flood(devices, forged),
            *comparison(folder, devices),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--forged", type=int, default=1_000_000)
    chosen = parser.parse_args()
    print(as_table(ledger(chosen.devices, chosen.rows, chosen.forged)))


if __name__ == "__main__":
    main()
