"""The journal through a program that writes as journalctl does."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

from sentinel.intake.chunk import Inlet
from sentinel.intake.journal import JournalSource

PROGRAM = """#!{python}
import json, sys, time
arguments = sys.argv[1:]
with open({asked!r}, "a") as asked:
    asked.write(" ".join(arguments) + "\\n")
after = int(arguments[arguments.index("--after-cursor") + 1]) if "--after-cursor" in arguments else 0
for number in range(after + 1, after + 3):
    print(json.dumps({{"__CURSOR": str(number), "MESSAGE": f"m{{number}}"}}), flush=True)
sys.exit(0)
"""


async def test_a_child_that_ends_is_begun_again_behind_its_last_record(tmp_path: Path) -> None:
    program, asked = tmp_path / "journalctl", tmp_path / "asked"
    program.write_text(PROGRAM.format(python=sys.executable, asked=str(asked)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    inlet = Inlet(100)
    source = JournalSource(
        "journal",
        inlet,
        lambda what, why: None,
        positions={"journal": {"cursor": "7"}},
        program=str(program),
        retry=0.01,
    )
    task = asyncio.create_task(source.run())
    messages: list[str] = []
    async with asyncio.timeout(30):
        while len(messages) < 6:
            chunk = await inlet.get()
            messages += [json.loads(line)["MESSAGE"] for line in chunk.lines]
            assert chunk.position == {"cursor": messages[-1][1:]}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert messages[:6] == [f"m{number}" for number in range(8, 14)]
    assert source.restarts >= 2
    cursors = [line.split()[-1] for line in asked.read_text().splitlines()]
    assert cursors[:3] == ["7", "9", "11"]


async def test_a_program_that_is_not_there_is_told() -> None:
    told: list[str] = []
    source = JournalSource(
        "journal", Inlet(1), lambda what, why: told.append(why), program="/no/such", retry=60
    )
    task = asyncio.create_task(source.run())
    async with asyncio.timeout(20):
        while not told:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told == [os.strerror(2)]
