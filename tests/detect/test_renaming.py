"""Files that get a strange suffix one after the other."""

from __future__ import annotations

from typing import Any

from sentinel.detect.renaming import Renaming

from .conftest import detector, feed, flow_event, notes


def file(ts: float, action: str, name: str, before: str | None = None) -> Any:
    share = r"\\10.1.0.9\public"
    values = {"action": f"SMB::FILE_{action}", "path": share, "name": name, "size": 9000, "prev_name": before}
    return flow_event("smb_files", ts, "10.1.0.5", "10.1.0.9", 445, **values)


def renamed(number: int, name: str, before: str, pace: float = 0.5) -> list[Any]:
    return [file(place * pace, "RENAME", name.format(place), before.format(place)) for place in range(number)]


def test_an_encryptor_renames_what_it_has_finished() -> None:
    [notice] = feed(detector(Renaming), renamed(80, r"dept\{}.docx.lkd7f", r"dept\{}.docx"))
    assert (notice.note, notice.src, notice.dst, notice.n) == (
        "Ransom::Mass_Rename",
        "10.1.0.5",
        "10.1.0.9",
        50,
    )
    assert notice.figures["suffix"] == "lkd7f" and notice.figures["alike_share"] == 1.0
    assert "lkd7f" in notice.msg and "docx.lkd7f" in notice.sub


def test_one_that_writes_new_files_and_deletes_the_old() -> None:
    events = []
    for place in range(60):
        events.append(file(place * 0.4, "WRITE", f"{place}.xlsx.Q9X"))
        events.append(file(place * 0.4, "DELETE", f"{place}.xlsx"))
    assert notes(feed(detector(Renaming), events)) == ["Ransom::Mass_Rename"]


def test_what_people_and_programs_rename() -> None:
    saved = renamed(100, "{}.docx", "~WRD{}.tmp")
    photographs = renamed(100, "{}.jpg", "IMG_{}.jpeg")
    numbered = renamed(100, "2026-{}.scan", "{}.scan")
    backups = renamed(100, "{}.bak", "{}.dbf")
    compiled = [file(place * 0.1, "WRITE", f"build/{place}.o") for place in range(100)]
    for usual in (saved, photographs, numbered, backups, compiled):
        assert not feed(detector(Renaming), usual)


def test_slowly_or_each_another_way_is_no_encryption() -> None:
    assert not feed(detector(Renaming), renamed(100, "{}.docx.lkd", "{}.docx", pace=5.0))
    assert not feed(detector(Renaming), renamed(100, "{0}.docx.v{0}", "{}.docx"))


def test_names_without_a_suffix_are_borne() -> None:
    odd = [
        file(1, "RENAME", name, before)
        for name in ("", ".", "a", "a.", "." + "x" * 999)
        for before in (None, "")
    ]
    assert not feed(detector(Renaming), odd)
