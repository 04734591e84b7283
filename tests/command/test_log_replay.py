"""`sentinel replay` reads logs, compressed and in folders, beside captures, and accounts for every line."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sentinel.cli import main
from sentinel.intake.catalogue import Catalogue

RULE = Path(__file__).parents[2] / "rules" / "web" / "sql_injection.yml"
ACCESS = (
    "198.51.100.7 - - [10/Oct/2024:13:55:{:02} +0800] "
    '"GET /a.php?id=1%27+union+select+1,2,3--+ HTTP/1.1" 200 5 "-" "x"\n'
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rules").mkdir()
    shutil.copy(RULE, tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def statistics(out: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / "stats.json").read_text())
    return loaded


def test_an_attack_in_an_access_log_alerts_as_in_traffic(here: Path) -> None:
    (here / "access.log").write_text("".join(map(ACCESS.format, range(3))) + "not a line of it\n")
    assert main(["replay", "--format", "auto", "access.log", "--out", "out"]) == 0
    alerts = read(here / "out" / "alerts.log")
    assert len(alerts) == 3 and {alert["src"] for alert in alerts} == {"198.51.100.7"}
    told = statistics(here / "out")
    assert (told["lines_read"], told["lines_ingested"], told["events"]) == (4, 4, {"http": 3, "log": 1})
    assert told["lines_by_format"] == {"web-access": 3} and told["lines_unexplained"] == {"unknown": 1}


def test_a_known_log_needs_no_format_and_unknown_text_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "access.log").write_text(ACCESS.format(1))
    (here / "note.txt").write_text("hello\n")
    assert main(["replay", "access.log", "--out", "out"]) == 0
    assert main(["replay", "note.txt"]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert main(["replay", "--format", "auto", "note.txt", "--out", "other"]) == 0
    assert read(here / "other" / "log.log")[0]["fields"] == {"message": "hello"}


def test_a_folder_of_zeek_logs_is_merged_by_time(here: Path) -> None:
    folder = here / "zeek"
    folder.mkdir()
    flow = {"uid": "C1", "id.orig_h": "10.0.0.1", "id.orig_p": 1, "id.resp_h": "10.0.0.2", "id.resp_p": 2}
    for name, kind, stamps in (("a.log.gz", "conn", (1.0, 3.0)), ("b.log", "conn", (2.0, 4.0))):
        lines = "".join(json.dumps({"_path": kind, "ts": ts, "proto": "tcp", **flow}) + "\n" for ts in stamps)
        data = lines.encode()
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert main(["replay", "zeek", "--out", "out"]) == 0
    assert [record["ts"] for record in read(here / "out" / "conn.log")] == [1.0, 2.0, 3.0, 4.0]


def test_what_else_a_folder_holds_is_passed_over_and_an_empty_log_is_none(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here / "logs"
    folder.mkdir()
    (folder / "access.log").write_text(ACCESS.format(1))
    (folder / "empty.log").write_text("")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    assert main(["replay", "--format", "auto", "logs", "--out", "out"]) == 0
    assert statistics(here / "out")["lines_read"] == 1
    assert "picture.png" in capsys.readouterr().err
    (here / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    assert main(["replay", "--format", "auto", "picture.png"]) == 2


def test_one_json_document_over_many_lines(here: Path) -> None:
    (here / "trail.json").write_text(json.dumps({"Records": [{"a": 1}, {"a": 2}]}, indent=2))
    assert main(["replay", "--format", "auto", "trail.json", "--out", "out"]) == 0
    assert [record["fields"] for record in read(here / "out" / "log.log")] == [{"a": 1}, {"a": 2}]
    assert statistics(here / "out")["lines_read"] == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(here: Path, encoding: str) -> None:
    (here / "a.log").write_bytes("防火墙:拒绝\r\n第二行\r\n".encode(encoding))
    assert main(["replay", "--format", "auto", "a.log", "--out", "out"]) == 0
    assert [record["fields"]["message"] for record in read(here / "out" / "log.log")] == [
        "防火墙:拒绝",
        "第二行",
    ]


def test_a_cut_gzip_is_read_as_far_as_it_goes(here: Path) -> None:
    data = gzip.compress("".join(f"line {number} {number * 7919}\n" for number in range(5000)).encode())
    (here / "a.log.gz").write_bytes(data[: len(data) // 2])
    assert main(["replay", "--format", "auto", "a.log.gz", "--out", "out"]) == 0
    told = statistics(here / "out")
    assert told["damaged_files"] and told["lines_read"] > 100


def test_an_unknown_format_is_told_with_those_that_are(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.log").write_text("x\n")
    assert main(["replay", "--format", "nginx", "a.log"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ") and "web-access" in message


def test_two_replays_are_byte_identical(here: Path) -> None:
    (here / "a.log").write_text("".join(map(ACCESS.format, range(60))) + "May  1 08:00:00 h odd: x\n")
    for out in ("one", "two"):
        assert main(["replay", "--format", "auto", "a.log", "--out", out]) == 0
    for name in ("http.log", "log.log", "alerts.log"):
        assert (here / "one" / name).read_bytes() == (here / "two" / name).read_bytes()


def test_what_routers_and_switches_say_alerts_by_vendor_neutral_rules(here: Path) -> None:
    for name in ("routing_neighbour", "link_down"):
        shutil.copy(RULE.parents[1] / "lan" / f"{name}.yml", here / "rules")
    (here / "rules" / "public.yml").write_text(
        "title: BGP auth\nid: 557a0a40-0cd5-4f58-9dfe-5a8cd0f5ee80\nlevel: low\n"
        "logsource: {product: huawei, service: bgp}\n"
        "detection: {keywords: {'|all': [':179', BGP_AUTH_FAILED]}, condition: keywords}\n"
    )
    lines = [
        "<187>May  1 2024 08:00:00 CORE-1 %%01OSPF/3/NBR_CHG_DOWN(l)[17]:Neighbor event:neighbor state changed to "
        "Down. (ProcessId=1, NeighborAddress=10.1.1.2)",
        "<189>May  1 08:00:01 2024 CORE-2 %%10BGP/5/BGP_STATE_CHANGED: BGP.: 10.0.0.9 state has changed from "
        "ESTABLISHED to IDLE.",
        "<189>45: *May  1 2024 08:00:02: %BGP-5-ADJCHANGE: neighbor 10.0.0.9 Up ",
        "<187>46: *May  1 2024 08:00:03: %LINK-3-UPDOWN: Interface FastEthernet0/24, changed state to down",
        "<188>May  1 2024 08:00:04 CORE-1 %%01BGP/4/BGP_AUTH_FAILED(l)[4]:BGP session authentication failed. "
        "(PeeringAddress=10.0.0.8:179)",
    ]
    (here / "device.log").write_text("\n".join(lines) + "\n")
    assert main(["replay", "device.log", "--out", "out"]) == 0
    alerts = read(here / "out" / "alerts.log")
    assert [(alert["title"], alert["ts"] - 1714521600) for alert in alerts] == [
        ("路由邻居中断", 0),
        ("路由邻居中断", 1),
        ("网络设备端口断开", 3),
        ("BGP auth", 4),
    ]


def test_a_folder_of_every_kind_of_log_is_read(here: Path) -> None:
    folder = here / "logs"
    folder.mkdir()
    formats = Catalogue.load().formats
    for name, format in formats.items():
        for number, sample in enumerate(format.declaration.samples):
            header = f"<38>May  1 08:00:00 host1 {sample.program}[1]: " if sample.program else ""
            text = "".join(f"{header}{line}\n" for line in sample.line.splitlines())
            (folder / f"{name}-{number}.txt").write_text(text, encoding="utf-8")
    assert main(["replay", "--format", "auto", "logs", "--out", "out"]) == 0
    told = statistics(here / "out")
    assert formats.keys() <= told["lines_by_format"].keys() and told["lines_unexplained"] == {}
    assert told["lines_read"] == told["lines_ingested"]


def test_a_time_that_cannot_be_is_that_of_the_record_before(here: Path) -> None:
    lines = ["2024-05-01T00:00:00Z", "9999-12-31T23:59:59Z", "2024-05-01T00:00:01Z"]
    (here / "a.log").write_text("".join(f"<13>1 {stamp} h p - - - x\n" for stamp in lines))
    assert main(["replay", "--format", "auto", "a.log", "--out", "out"]) == 0
    assert [record["ts"] for record in read(here / "out" / "log.log")] == [1714521600, 1714521600, 1714521601]
    assert statistics(here / "out")["lines_misdated"] == 1
