"""Record the golden captures anew: `python -m tests.golden.record [scene…]`, as root.

With `--expect` nothing is recorded: what sentinel says of the captures kept is written down as what it shall
say. Look at the difference before it is committed: it is the answer key.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.live.conftest import Wire, made_wire
from tests.live.scenes import SCENES, Scene

__all__ = ["HERE", "said_of"]

HERE = Path(__file__).parent
UNSTABLE = frozenset({"uid", "uids", "tunnel_parents"})
"""Fields that say nothing but which flow it is."""
ALERT_FIELDS = ("level", "rule_id", "src", "dst")


def said_of(capture: Path, out: Path) -> dict[str, list[dict[str, Any]]]:
    """All events by kind and all alerts that a replay of `capture` writes, without what is not worth keeping."""
    subprocess.run((sys.executable, "-m", "sentinel", "replay", capture, "--out", out), check=True)
    said: dict[str, list[dict[str, Any]]] = {}
    for log in sorted(out.glob("*.log")):
        if log.stem == "notice":
            continue  # detectors have tests of their own
        records = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        said[log.stem] = [
            {key: value for key, value in record.items() if _kept(log.stem, key)} for record in records
        ]
    return said


def _kept(kind: str, field: str) -> bool:
    return field in ALERT_FIELDS if kind == "alerts" else field not in UNSTABLE


@contextlib.contextmanager
def _dumping(wire: Wire, file: Path) -> Iterator[None]:
    command = ("tcpdump", "--immediate-mode", "-s", "2048", "-B", "16384", "-i", wire.near, "-U", "-w", file)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "listening on" not in process.stderr.readline():
        assert process.poll() is None
    try:
        yield
        _settle(file)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def _settle(file: Path) -> None:
    """Return once nothing more is written."""
    size = -1
    while size != (size := file.stat().st_size):
        time.sleep(0.5)


def _record(scene: Scene) -> None:
    with made_wire() as wire, tempfile.TemporaryDirectory() as folder:
        dump, props = Path(folder) / "dump.pcap", Path(folder) / "props"
        props.mkdir()
        Path(folder).chmod(0o755)
        with _dumping(wire, dump):
            scene.play(wire, props)
        (HERE / f"{scene.name}.pcap.gz").write_bytes(gzip.compress(dump.read_bytes(), 9, mtime=0))


def _expect(name: str) -> None:
    with tempfile.TemporaryDirectory() as out:
        said = said_of(HERE / f"{name}.pcap.gz", Path(out))
    lines = [
        f"{json.dumps(kind)}: [\n"
        + ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        + "\n]"
        for kind, records in said.items()
    ]
    (HERE / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", default=list(SCENES))
    parser.add_argument("--expect", action="store_true")
    options = parser.parse_args()
    for name in options.scenes:
        if not options.expect:
            _record(SCENES[name])
        _expect(name)
