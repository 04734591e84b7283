"""The command line as a stranger uses it."""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from sentinel import __version__
from sentinel.capture.batch import Batch
from sentinel.cli import _parser, main
from sentinel.command.pace import Pace
from sentinel.text import use_language

ROOT = Path(__file__).parents[1]
QUERY = bytes.fromhex("1234010000010000000000000377777707656861707079026e6e0000010001")


@pytest.fixture(autouse=True)
def chinese_again() -> object:
    yield
    use_language("zh")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration without rules, so that nothing takes long."""
    (tmp_path / "config.yaml").write_text(
        "capture: {enabled: false}\nrule: {paths: []}\nflow: {max_flows: 1024}\nmetrics: {port: 0}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def udp_frame(payload: bytes) -> bytes:
    udp = struct.pack("!4H", 40000, 53, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    return b"\x02" * 12 + b"\x08\x00" + ip + udp


def capture(path: Path, packets: int = 3, cut: int = 0, linktype: int = 1) -> Path:
    """A pcap of DNS queries one second apart, without its last `cut` bytes."""
    frame = udp_frame(QUERY)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    records = b"".join(
        struct.pack("<4I", 1000 + n, 0, len(frame), len(frame)) + frame for n in range(packets)
    )
    path.write_bytes((head + records)[: len(head + records) - cut])
    return path


def test_replay_writes_logs_and_balanced_statistics(here: Path) -> None:
    assert main(["replay", str(capture(here / "a.pcap")), "--out", "out"]) == 0
    assert [json.loads(line)["id.resp_p"] for line in (here / "out" / "conn.log").open()] == [53]
    stats = json.loads((here / "out" / "stats.json").read_text())
    packets = stats["packets"]
    fates = packets["processed"] + packets["filtered"] + packets["dropped"] + packets["shed"]
    assert packets["received"] == 3 == fates + sum(packets["undecodable"].values())
    assert stats["flows"] == 1 and stats["events"]["conn"] == 1
    assert stats["timing"]["peak_rss_bytes"] > 1 << 20


def test_two_replays_are_byte_identical_but_for_timing(here: Path) -> None:
    path = str(capture(here / "a.pcap", 50))
    for out in ("one", "two"):
        assert main(["replay", path, path, "--out", out]) == 0
    names = sorted(file.name for file in (here / "one").iterdir())
    assert names == sorted(file.name for file in (here / "two").iterdir())
    for name in names:
        one, two = ((here / out / name).read_bytes() for out in ("one", "two"))
        if name == "stats.json":
            one, two = ({**json.loads(text), "timing": 0} for text in (one, two))
        assert one == two, name


def test_a_file_that_is_no_capture_is_one_line_and_2(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "no.pcap").write_text("hello")
    good = str(capture(here / "a.pcap"))
    assert main(["replay", good, "no.pcap", "--out", "out"]) == 2
    assert main(["replay", "missing.pcap"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all(line.startswith("error: ") for line in lines)  # scripts look for it
    assert not (here / "out").exists()


def test_a_damaged_capture_is_read_as_far_as_it_goes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(capture(here / "a.pcap", 3, cut=5)), "--out", "out"]) == 0
    assert "文件在一条记录中间结束" in capsys.readouterr().err
    stats = json.loads((here / "out" / "stats.json").read_text())
    assert stats["packets"]["received"] == 2
    assert stats["damaged_files"] == [{"file": "a.pcap", "faults": {"truncated_record": 1}}]


def test_a_link_type_that_nobody_reads_is_named_and_counted(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usb = str(capture(here / "usb.pcap", 3, linktype=189))
    assert main(["--lang", "en", "replay", usb, str(capture(here / "a.pcap", 2)), "--out", "out"]) == 0
    assert capsys.readouterr().err.count("3 packets of link type 189") == 1
    stats = json.loads((here / "out" / "stats.json").read_text())
    assert stats["unread_linktypes"] == {"189": 3}
    assert stats["packets"]["undecodable"]["unknown_link"] == 3 and stats["packets"]["processed"] == 2


def test_output_that_cannot_be_written_is_said_and_is_no_success(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "out").write_text("a file stands where the folder should")
    assert main(["replay", str(capture(here / "a.pcap")), "--out", "out"]) == 1
    assert "conn.log" in capsys.readouterr().err


def test_check_names_everything_and_is_0_only_without_errors(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--lang", "en", "check"]) == 0
    said = capsys.readouterr().out
    assert all(part in said for part in ("configuration is sound", "capture is off", "is writable", "clock"))
    (here / "rules").mkdir()
    (here / "rules" / "bad.yml").write_text("title: x\ndetection: {}\n")
    (here / "playbooks").mkdir()
    (here / "playbooks" / "bad.yaml").write_text("a: [")
    (here / "state").write_text("no folder")
    (here / "config.yaml").write_text("capture: {interfaces: [nonesuch0]}\nmetrics: {port: 0}\n")
    assert main(["--lang", "en", "check"]) == 1
    said = capsys.readouterr().out
    assert all(part in said for part in ("bad.yml", "bad.yaml", "nonesuch0", "not writable"))


def test_check_names_every_mistake_of_the_configuration(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "config.yaml").write_text("captur: {}\nflow: {max_flows: 3}\n")
    assert main(["check"]) == 1
    said = capsys.readouterr().out
    assert "config.yaml:1:1" in said and "config.yaml:2:19" in said


def test_check_tells_of_rules_playbooks_and_paths_beside_a_wrong_configuration(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "rules").mkdir()
    (here / "rules" / "bad.yml").write_text("title: x\ndetection: {}\n")
    (here / "playbooks").mkdir()
    (here / "playbooks" / "lost.yaml").write_text(
        (ROOT / "playbooks" / "data-leak.yaml")
        .read_text("utf-8")
        .replace("workflow_start: ", "workflow_start: no-")
    )
    (here / "clauses.yaml").write_text("clauses: 7\n")
    (here / "file").touch()
    (here / "config.yaml").write_text(
        "captur: {}\nflow: {max_flows: none}\ncapture: {interfaces: [nonesuch0]}\nrule: {paths: [rules]}\n"
        "store: {path: file/sentinel.sqlite}\nincident: {clauses: clauses.yaml}\nmetrics: {port: 0}\n"
    )
    assert main(["--lang", "en", "check"]) == 1
    said = capsys.readouterr().out
    for part in ("config.yaml:1:1", "config.yaml:2:19", "bad.yml", "lost.yaml", "clauses.yaml"):
        assert part in said, part
    assert "no interface nonesuch0" in said and f"{here / 'file'} is not writable" in said


def test_check_of_a_filter_where_libpcap_is_missing(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "config.yaml").write_text("capture: {filter: port 80}\nrule: {paths: []}\n")
    monkeypatch.setattr("ctypes.util.find_library", lambda name: "libnone.so")
    assert main(["check"]) == 1
    assert "apt install libpcap" in capsys.readouterr().out


def test_check_of_a_file_that_is_no_yaml_tells_of_it_and_guesses_no_paths(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "config.yaml").write_text("store: [")
    assert main(["--lang", "en", "check"]) == 1
    said = capsys.readouterr().out
    assert "config.yaml:1" in said and "clock" in said and "writable" not in said


def test_check_finds_folders_that_no_file_can_be_made_in_and_full_disks(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "config.yaml").write_text(
        "capture: {enabled: false}\noutput: {events: /proc/none}\nrule: {paths: []}\n"
    )
    assert main(["--lang", "en", "check"]) == 1
    assert "/proc/none is not writable" in capsys.readouterr().out
    (here / "config.yaml").write_text("capture: {enabled: false}\nrule: {paths: []}\n")

    def full(dir: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1 << 30, 1 << 30, 0))  # type: ignore[attr-defined]
    assert main(["--lang", "en", "check"]) == 1
    said = capsys.readouterr().out
    assert f"the disk of {here / 'state'} has only 0" in said and "not writable" not in said


def test_an_inhibition_that_cannot_be_read_is_told_by_check_and_at_the_start(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "config.yaml").write_text(
        "incident: {inhibit: [{when: [colour=red], suppress: [src=10.0.0.1]}]}\n"
    )
    assert main(["check"]) == 1
    assert "config.yaml:1:22: “colour=red”不是条件" in capsys.readouterr().out
    assert main(["run"]) == 2
    assert "“colour=red”不是条件" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "socket_kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)])
def test_check_of_a_port_that_another_has(
    here: Path, capsys: pytest.CaptureFixture[str], kind: str, socket_kind: socket.SocketKind
) -> None:
    with socket.socket(socket.AF_INET, socket_kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == "tcp":
            other.listen()
        port = other.getsockname()[1]
        (here / "config.yaml").write_text(
            f"intake: {{sources: [{{name: fw, kind: {kind}, listen: 127.0.0.1, port: {port}}}]}}\n"
        )
        assert main(["--lang", "en", "check"]) == 0
        assert f"fw: cannot listen on 127.0.0.1:{port} now" in capsys.readouterr().out
    assert main(["--lang", "en", "check"]) == 0
    assert "cannot listen" not in capsys.readouterr().out


def test_check_of_a_damaged_database(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "state").mkdir()
    (here / "state" / "sentinel.sqlite").write_bytes(b"nothing of the kind" * 99)
    assert main(["--lang", "en", "check"]) == 1
    assert "sentinel.sqlite" in capsys.readouterr().out


def test_interfaces_lists_loopback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["interfaces"]) == 0
    assert any(line.split()[:1] == ["lo"] for line in capsys.readouterr().out.splitlines())


def test_rules_lint_tells_the_bad_one_by_place(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "rules").mkdir()
    (here / "rules" / "bad.yml").write_text("title: x\ndetection: {}\n")
    (here / "config.yaml").write_text("rule: {paths: [rules]}\n")
    assert main(["rules", "lint"]) == 1
    assert "bad.yml:" in capsys.readouterr().out


def test_rules_eval_answers_each_case(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "r.yml").write_text(
        "title: t\nid: 0c3b3f5e-2d5c-4f8a-9a5e-0d1f5a6b7c8d\nstatus: test\nlevel: low\n"
        "logsource: {product: x}\ndetection: {a: {f: v}, condition: a}\n"
    )
    (here / "e.json").write_text('[{"f": "w"}, {"f": "v"}]')
    (here / "cases").write_text(json.dumps({"id": 1, "rule": "r.yml", "events": "e.json"}) + "\n")
    assert main(["rules", "eval", "--cases", "cases"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": 1, "matches": [1]}


@pytest.mark.parametrize(
    ("arguments", "status"), [(["--version"], 0), (["replay"], 2), (["replay", "x", "--speed", "0x"], 2)]
)
def test_usage(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    said = capsys.readouterr()
    assert left.value.code == status
    assert (__version__ in said.out) == (arguments == ["--version"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay"], "sentinel replay:写法有误:缺少参数:FILE"),
        (["duty", "nothing"], "没有 'nothing',可选:"),
        (["check", "--nope"], "不认识的参数:--nope"),
        (["--lang", "en", "check", "--nope"], "sentinel: error: unrecognized arguments: --nope (see --help)"),
        (["rules", "--help"], "显示本说明"),
    ],
)
def test_what_is_written_wrongly_is_said_in_the_reader_s_language(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    told = capsys.readouterr()
    assert said in told.out + told.err


def test_every_verb_says_what_it_does() -> None:
    """A word that nobody explains cannot be found."""
    use_language("zh")
    parsers, seen = [_parser()], 0
    while parsers:
        for action in parsers.pop()._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
                told = {choice.dest for choice in action._choices_actions if choice.help}
                assert set(action.choices) == told
                seen += len(told)
            else:
                assert action.help, (action.option_strings, action.dest)
    assert seen > 60


def test_help_speaks_both_languages_and_imports_no_heavy_room() -> None:
    probe = (
        "import sys; from sentinel.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numba', 'numpy', 'hyperscan', 'sigma', 'yaml'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for language, word in (("zh", "抓包"), ("en", "capture files")):
        command = [sys.executable, "-c", probe, "--lang", language, "--help"]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        assert word in said and said.endswith("[]\n")


def batch_at(*seconds: float) -> Batch:
    ts = (np.array(seconds) * 1e9).astype(np.int64)
    n = len(ts)
    return Batch(
        data=np.zeros(n, np.uint8),
        offset=np.arange(n, dtype=np.int64),
        caplen=np.ones(n, np.int32),
        wirelen=np.ones(n, np.int32),
        ts=ts,
        linktype=np.ones(n, np.uint16),
        vlan=np.full(n, -1, np.int32),
    )


@pytest.mark.parametrize(("speed", "waits"), [(1.0, [1.0, 2.0]), (10.0, [0.1, 0.2])])
def test_pace_waits_for_each_moment(speed: float, waits: list[float]) -> None:
    now = [0.0]
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    pace = Pace(speed, lambda: now[0], wait)
    parts = list(pace.parts(batch_at(10.0, 10.001, 11.0, 13.0)))
    assert [len(part) for part in parts] == [2, 1, 1]
    assert waited == pytest.approx(waits)


def test_pace_starts_anew_where_another_files_time_begins() -> None:
    waited: list[float] = []
    pace = Pace(1.0, lambda: 0.0, waited.append)
    for batch in (batch_at(1e9), batch_at(5.0), batch_at(2e9)):
        assert sum(len(part) for part in pace.parts(batch)) == 1
    assert waited == []


def test_a_stopped_pace_gives_nothing_more() -> None:
    pace = Pace(1.0)
    pace.stop()
    assert list(pace.parts(batch_at(1.0, 2.0))) == []
