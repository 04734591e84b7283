"""A package holds what it should, agrees with its manifest, and every change of it is found."""

from __future__ import annotations

import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel.incident import Grouping, Handling, IncidentError, IncidentSettings
from sentinel.incident.evidence import Recorded, make_evidence, record_evidence, recorded, verify_evidence
from tests.incident.conftest import NOW


@pytest.fixture
def package(connection: Any, put: Callable[..., None], handling: Handling, tmp_path: Path) -> Path:
    put({"uid": "C1", "rule_id": "../../r1"}, {"uid": "C2"})
    rule_text = {"../../r1": "title: 扫描\n"}.get
    Grouping(IncidentSettings(), rule_text=rule_text).advance(connection, 9, NOW)
    (tmp_path / "x.png").write_bytes(b"abc")
    handling.attach(connection, 1, tmp_path / "x.png", actor="甲", now=NOW)
    events = tmp_path / "events"
    events.mkdir()
    lines = [f'{{"ts":1.0,"uid":"C{number}","note":"x"}}\n' for number in range(5)]
    (events / "conn.log").write_text("".join(lines))
    target = tmp_path / "e.zip"
    made = make_evidence(
        connection,
        1,
        target,
        actor="甲",
        now=NOW,
        attachments=tmp_path / "attachments",
        events=events,
        sm3=True,
    )
    record_evidence(connection, made, actor="甲", now=NOW)
    return target


def changed(package: Path, target: Path, changes: dict[str, bytes | None]) -> Path:
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if (content := changes.get(name, old.read(name))) is not None:
                new.writestr(name, content)
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name] or b"")
    return target


def test_it_holds_alerts_events_rules_timeline_and_attachments(package: Path, connection: Any) -> None:
    checked = verify_evidence(package)
    assert recorded(connection, checked) is Recorded.WHOLE
    with zipfile.ZipFile(package) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert {file["path"] for file in manifest["files"]} == {
            "incident.json",
            "timeline.jsonl",
            "alerts.jsonl",
            "findings.jsonl",
            "clocks.jsonl",
            "rules/_.._r1.yml",
            "rules.jsonl",
            "attachments/1-x.png",
            "events/conn.log",
        }
        assert manifest["missing"] == ["rules/r1.yml (扫描)", "packets"]
        assert [json.loads(line)["uid"] for line in archive.read("events/conn.log").splitlines()] == [
            "C1",
            "C2",
        ]
        assert len(archive.read("alerts.jsonl").splitlines()) == 2
        (attached,) = [file for file in manifest["files"] if file["path"] == "attachments/1-x.png"]
    # GB/T 32905-2016, annex A, example 1; FIPS 180-2, appendix B.1
    assert attached["sm3"] == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert attached["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    "changes",
    [
        {"alerts.jsonl": b"{}\n"},
        {"timeline.jsonl": None},
        {"planted.txt": b"x"},
        {"manifest.json": None},
        {"manifest.json": b"{"},
    ],
)
def test_every_change_is_found(package: Path, tmp_path: Path, changes: dict[str, bytes | None]) -> None:
    with pytest.raises(IncidentError):
        verify_evidence(changed(package, tmp_path / "changed.zip", changes))


def test_every_damaged_byte_of_content_is_found(package: Path, tmp_path: Path) -> None:
    whole = package.read_bytes()
    with zipfile.ZipFile(package) as archive:
        info, content = archive.getinfo("alerts.jsonl"), archive.read("alerts.jsonl")
    start = info.header_offset + 30 + sum(struct.unpack_from("<HH", whole, info.header_offset + 26))
    damaged = tmp_path / "damaged.zip"
    unharmed = 0
    for place in range(start, start + info.compress_size):
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            verify_evidence(damaged)
        except IncidentError:
            continue
        # RFC 1951, 3.2.3: some bits of a stream say nothing
        with zipfile.ZipFile(damaged) as archive:
            assert archive.read("alerts.jsonl") == content
        unharmed += 1
    assert unharmed <= 2
    damaged.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IncidentError):
        verify_evidence(damaged)


def test_a_manifest_that_was_made_anew_is_not_on_the_timeline(
    package: Path, connection: Any, tmp_path: Path
) -> None:
    with zipfile.ZipFile(package) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    manifest["made_by"] = "乙"
    forged = changed(package, tmp_path / "forged.zip", {"manifest.json": json.dumps(manifest).encode()})
    assert recorded(connection, verify_evidence(forged)) is Recorded.NO


def test_a_byte_that_belongs_to_no_file_is_found_too(package: Path, connection: Any) -> None:
    """Dates, flags, names: what no digest of the manifest covers."""
    whole = package.read_bytes()
    known = []
    for place in range(len(whole) - 400, len(whole)):
        package.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            known.append(recorded(connection, verify_evidence(package)))
        except IncidentError:
            continue
    assert known and set(known) == {Recorded.CONTENT}
    package.write_bytes(whole + b"x")
    assert recorded(connection, verify_evidence(package)) is Recorded.CONTENT
    package.write_bytes(whole)
    assert recorded(connection, verify_evidence(package)) is Recorded.WHOLE


def test_an_attachment_changed_since_is_told(connection: Any, handling: Handling, tmp_path: Path) -> None:
    id = handling.open(connection, title="x", actor="甲", now=NOW)[0].id
    for name in ("kept", "changed", "gone"):
        (tmp_path / name).write_text(name)
    digests = [
        handling.attach(connection, id, tmp_path / name, actor="甲", now=NOW)
        for name in ("kept", "changed", "gone")
    ]
    (tmp_path / "attachments" / digests[1]).write_text("别的")
    (tmp_path / "attachments" / digests[2]).unlink()
    target = tmp_path / "e.zip"
    made = make_evidence(connection, id, target, actor="甲", now=NOW, attachments=tmp_path / "attachments")
    assert made.changed == ["attachments/2-changed"]
    assert made.missing == ["attachments/3-gone", "events", "packets"]
    checked = verify_evidence(target)
    assert (checked.changed, checked.missing) == (made.changed, made.missing)


def test_every_text_of_a_rule_that_fired_is_kept(
    connection: Any, put: Callable[..., None], tmp_path: Path
) -> None:
    texts = {"r1": "title: 旧\n"}
    for text in ("title: 旧\n", "title: 新\n"):
        texts["r1"] = text
        put({})
        Grouping(IncidentSettings(), rule_text=texts.get).advance(connection, 9, NOW + len(text))
    target = tmp_path / "e.zip"
    make_evidence(connection, 1, target, actor="甲", now=NOW, attachments=tmp_path)
    with zipfile.ZipFile(target) as archive:
        versions = [json.loads(line) for line in archive.read("rules.jsonl").splitlines()]
        assert [archive.read(version["path"]).decode() for version in versions] == [
            "title: 旧\n",
            "title: 新\n",
        ]
    assert [version["path"] for version in versions] == ["rules/r1.yml", "rules/r1.2.yml"]


def test_the_manifest_holds_the_end_of_the_audit_trail(package: Path, connection: Any) -> None:
    with zipfile.ZipFile(package) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    row = connection.execute("SELECT hash FROM audit WHERE id = ?", (manifest["audit_row"],)).fetchone()
    assert row == (manifest["audit_hash"],)


def test_a_copy_verifies_without_the_database(package: Path, tmp_path: Path) -> None:
    shutil.copy(package, tmp_path / "copy.zip")
    assert verify_evidence(tmp_path / "copy.zip").files == 9
