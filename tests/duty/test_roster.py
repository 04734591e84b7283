"""Who is on duty follows shifts and stand-ins, and a role that nobody has is missing."""

from __future__ import annotations

from sentinel.duty import Person, Role, Roster, Shift, StandIn

DAY, NIGHT, LEADER, OTHER = (Person(name, "1") for name in ("白班", "夜班", "带班", "代班"))
ROSTER = Roster(
    (
        Shift(Role.LEADER, LEADER, 0, 100),
        Shift(Role.OFFICER, DAY, 0, 50),
        Shift(Role.OFFICER, NIGHT, 50, 100),
    ),
    (StandIn(Role.OFFICER, "夜班", OTHER, 60, 70),),
)


def test_roles_come_in_the_order_in_which_a_matter_goes_up() -> None:
    assert list(ROSTER.on_duty(0).items()) == [(Role.OFFICER, DAY), (Role.LEADER, LEADER)]


def test_a_shift_holds_up_to_but_without_its_end() -> None:
    assert ROSTER.on_duty(49.9)[Role.OFFICER] == DAY
    assert ROSTER.on_duty(50)[Role.OFFICER] == NIGHT
    assert ROSTER.on_duty(100) == {}


def test_of_two_shifts_the_later_one_counts() -> None:
    extra = Roster((Shift(Role.OFFICER, DAY, 0, 100), Shift(Role.OFFICER, NIGHT, 40, 100)))
    assert extra.on_duty(45)[Role.OFFICER] == NIGHT


def test_a_stand_in_takes_the_place_for_the_time_agreed_and_of_two_the_later() -> None:
    assert [ROSTER.on_duty(now)[Role.OFFICER] for now in (59, 60, 70)] == [NIGHT, OTHER, NIGHT]
    again = Roster(ROSTER.shifts, (*ROSTER.stand_ins, StandIn(Role.OFFICER, "夜班", LEADER, 65, 70)))
    assert again.on_duty(66)[Role.OFFICER] == LEADER


def test_who_is_reached_has_the_role_or_stands_above_or_else_below() -> None:
    officer, above = Shift(Role.OFFICER, DAY, 0, 9), Shift(Role.IN_CHARGE, OTHER, 0, 9)
    assert Roster((officer, above)).reach(Role.OFFICER, 1) == (Role.OFFICER, DAY)
    assert Roster((officer, above)).reach(Role.LEADER, 1) == (Role.IN_CHARGE, OTHER)
    assert Roster((officer,)).reach(Role.LEADER, 1) == (Role.OFFICER, DAY)
    assert Roster((officer,)).reach(Role.LEADER, 9) is None
