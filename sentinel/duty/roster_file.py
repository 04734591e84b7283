"""A roster as people keep it: a table (CSV, in UTF-8 or GBK) with a shift a row, headings in Chinese or English."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel.duty.fault import DutyError
from sentinel.duty.roster import Person, Role, Shift
from sentinel.text import Message

__all__ = ["RosterFile", "read_moment", "read_roster"]

_MOST_BYTES = 4 << 20
_MOST_ROWS = 20_000
_LONGEST_NAME = 64
_LONGEST_SHIFT = 7 * 86400.0
_HEADINGS = {
    "role": ("角色", "岗位", "role"),
    "person": ("姓名", "person", "name"),
    "phone": ("电话", "手机", "phone"),
    "start": ("开始", "开始时间", "start"),
    "end": ("结束", "结束时间", "end"),
}
_ROLES = {
    **{role.value: role for role in Role},
    "值班员": Role.OFFICER,
    "带班领导": Role.LEADER,
    "负责人": Role.IN_CHARGE,
}
_FORMS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M", "%Y年%m月%d日 %H:%M")


@dataclass(frozen=True, slots=True)
class RosterFile:
    """What a file holds: its shifts, and every row that is none, with the reason."""

    shifts: tuple[Shift, ...]
    problems: tuple[Message, ...]


def read_roster(path: Path, zone: ZoneInfo) -> RosterFile:
    """Read the file at `path`; its times are those of `zone`. Raises DutyError where it is no roster at all."""
    rows = list(csv.reader(io.StringIO(_text(path))))
    if len(rows) > _MOST_ROWS:
        raise DutyError(Message("duty.roster.too-long", most=_MOST_ROWS))
    places = _places(rows[0] if rows else [])
    shifts: list[Shift] = []
    problems: list[Message] = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        found = _shift(cells, zone)
        if isinstance(found, Shift):
            shifts.append(found)
        else:
            problems.append(Message("duty.roster.bad-row", row=number, reason=found))
    return RosterFile(tuple(shifts), tuple(problems))


def read_moment(written: str, zone: ZoneInfo) -> float | None:
    """Seconds since 1970 of a date and time such as 2026-11-25 08:30; None where it is none."""
    for form in _FORMS:
        try:
            return datetime.strptime(written.strip(), form).replace(tzinfo=zone).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DutyError(
            Message("duty.roster.unreadable", path=path, reason=error.strerror or error)
        ) from error
    if len(data) > _MOST_BYTES:
        raise DutyError(Message("duty.roster.too-long", most=_MOST_ROWS))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DutyError(Message("duty.roster.no-text", path=path))


def _places(heading: list[str]) -> dict[str, int]:
    written = [cell.strip().lower() for cell in heading]
    places = {}
    for name, known in _HEADINGS.items():
        place = next((written.index(word) for word in known if word in written), None)
        if place is None:
            raise DutyError(Message("duty.roster.no-column", column=known[0]))
        places[name] = place
    return places


def _shift(cells: dict[str, str], zone: ZoneInfo) -> Shift | Message:
    role = _ROLES.get(cells["role"])
    if role is None:
        return Message("duty.roster.bad-role", got=cells["role"][:_LONGEST_NAME])
    for name in ("person", "phone"):
        if not 0 < len(cells[name]) <= _LONGEST_NAME:
            return Message("duty.roster.bad-cell", column=_HEADINGS[name][0])
    moments = {name: read_moment(cells[name], zone) for name in ("start", "end")}
    start, end = moments["start"], moments["end"]
    if start is None or end is None:
        column = _HEADINGS["start" if start is None else "end"][0]
        return Message("duty.roster.bad-cell", column=column)
    if not 0 < end - start <= _LONGEST_SHIFT:
        return Message("duty.roster.bad-span")
    return Shift(role, Person(cells["person"], cells["phone"]), start, end)
