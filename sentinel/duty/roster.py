"""The roster: who is on duty, in which role, from when to when, and who stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.incident.change import Role

__all__ = ["Person", "Role", "Roster", "Shift", "StandIn"]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can be reached."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One person in one role, from `start` up to but without `end` (seconds since 1970 UTC)."""

    role: Role
    person: Person
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who takes the place of another in one role, from `start` up to but without `end`."""

    role: Role
    absent: str
    """Name of the person whose place is taken."""
    person: Person
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Roster:
    """Shifts and stand-ins of a stretch of time. Nothing in it changes."""

    shifts: Sequence[Shift] = ()
    stand_ins: Sequence[StandIn] = ()
    """In the order in which they were agreed: of two that hold, the later one counts."""

    def on_duty(self, now: float) -> dict[Role, Person]:
        """Who is on duty at `now`, in the order in which a matter goes up; a role that nobody has is missing.

        Of two shifts of one role that both hold, the one that began later counts.
        """
        found = {}
        for role in Role:
            holding = [
                shift for shift in self.shifts if shift.role is role and shift.start <= now < shift.end
            ]
            if holding:
                shift = max(holding, key=lambda shift: shift.start)
                found[role] = self._present(role, shift.person, now)
        return found

    def reach(self, role: Role, now: float) -> tuple[Role, Person] | None:
        """Who to turn to at `now` with what is meant for `role`: who has it, or the next one above, or else below."""
        present = self.on_duty(now)
        roles = list(Role)
        place = roles.index(role)
        for one in (*roles[place:], *reversed(roles[:place])):
            if one in present:
                return one, present[one]
        return None

    def _present(self, role: Role, rostered: Person, now: float) -> Person:
        present = rostered
        for agreed in self.stand_ins:
            if agreed.role is role and agreed.absent == rostered.name and agreed.start <= now < agreed.end:
                present = agreed.person
        return present
