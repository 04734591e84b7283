"""Runs on the journal: every kind of step, people's answers, times, and a death at any of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playbook_bench import Bench, action, manual
from sqlite_utils import Database

from sentinel.duty import GuardPeriod, GuardPeriods
from sentinel.incident import Grading, Handling, IncidentSettings
from sentinel.playbook import journal
from sentinel.playbook.engine import queue_run
from sentinel.playbook.fault import PlaybookError
from sentinel.store import audit
from sentinel.store.session import in_transaction


async def test_actions_follow_each_other_and_save_what_came_of_them(bench: Bench) -> None:
    bench.write(
        {
            "a": action("one", save={"said": "word"}, on_completion="b"),
            "b": action("two __word__:value", on_completion="end"),
            "end": {"type": "end"},
        },
        variables={"word": {"type": "string"}},
    )
    async with bench.life() as desk:
        run = await desk.end(await desk.start())
        assert (run.state, run.reason) == ("done", "")
        assert bench.tell.said == ["one", "two ONE"]
        trail = await desk.writer.run(lambda db: audit.rows(db, subject=f"run:{run.id}"))
        assert [row.action for row in trail] == [
            "playbook.start", "playbook.action.begun", "playbook.step.done", "playbook.action.begun",
            "playbook.step.done", "playbook.done",
        ]  # fmt: skip
        assert await desk.writer.run(audit.verify) is None


@pytest.mark.parametrize(("given", "said"), [(5, ["few", "after"]), (50, ["many", "after"])])
async def test_if_takes_one_way_then_goes_on(bench: Bench, given: int, said: list[str]) -> None:
    bench.write(
        {
            "if": {
                "type": "if",
                "condition": "__n__:value >= 10",
                "on_true": "many",
                "on_false": "few",
                "on_completion": "after",
            },
            "many": action("many"),
            "few": action("few"),
            "after": action("after"),
        },
        variables={"n": {"type": "integer", "external": True}},
    )  # fmt: skip
    async with bench.life() as desk:
        await desk.end(await desk.start(given={"n": given}))
    assert bench.tell.said == said


@pytest.mark.parametrize(("value", "said"), [("a", ["A"]), ("z", ["other"])])
async def test_switch_takes_its_case(bench: Bench, value: str, said: list[str]) -> None:
    bench.write(
        {
            "s": {"type": "switch", "switch": "__v__:value", "cases": {"a": "A", "default": "other"}},
            "A": action("A"),
            "other": action("other"),
        },
        variables={"v": {"type": "string"}},
    )
    async with bench.life() as desk:
        await desk.end(await desk.start(given={"v": value}))
    assert bench.tell.said == said


async def test_while_turns_until_its_condition_ends(bench: Bench) -> None:
    bench.write(
        {
            "w": {"type": "while", "condition": "__n__:value < 3", "on_true": "a", "on_completion": "b"},
            "a": action("again", save={"number": "n"}),
            "b": action("after"),
        },
        variables={"n": {"type": "integer", "value": 0}},
    )
    async with bench.life() as desk:
        assert (await desk.end(await desk.start())).state == "done"
    assert bench.tell.said == ["again"] * 3 + ["after"]


async def test_while_without_an_end_fails(bench: Bench) -> None:
    bench.write({"w": {"type": "while", "condition": "1 = 1", "on_true": "a", "most": 4}, "a": action("x")})
    async with bench.life() as desk:
        assert (await desk.end(await desk.start())).state == "failed"
    assert bench.tell.said == ["x"] * 4


async def test_parallel_branches_all_end_before_it_goes_on(bench: Bench) -> None:
    bench.write(
        {
            "p": {"type": "parallel", "next_steps": ["a", "m"], "on_completion": "after"},
            "a": action("a"),
            "m": manual(),
            "after": action("after"),
        }
    )
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "p/m/m")
        await desk.until(lambda _, entries: "p/a/a" in entries and entries["p/a/a"].finished, run)
        assert bench.tell.said == ["a"]
        await desk.say(run, "p/m/m", "甲", "done")
        await desk.end(run)
    assert bench.tell.said == ["a", "after"]


async def test_a_playbook_within_a_playbook_has_its_own_variables(bench: Bench) -> None:
    bench.write(
        {"s": {"type": "playbook", "playbook_id": "inner", "in_args": {"x": "__mine__:value"}, "out_args": {"y": "mine"},
               "on_completion": "t"}, "t": action("__mine__:value")},
        variables={"mine": {"type": "string", "value": "hello"}},
    )  # fmt: skip
    bench.write(
        {"a": action("__x__:value", save={"said": "y"})},
        id="inner",
        variables={"x": {"type": "string"}, "y": {"type": "string"}},
    )
    async with bench.life() as desk:
        assert (await desk.end(await desk.start())).state == "done"
    assert bench.tell.said == ["hello", "HELLO"]


async def test_failure_is_tried_again_then_takes_its_way(bench: Bench) -> None:
    bench.write(
        {
            "a": action(
                "x", with_={"fail": 2}, retry={"times": 2, "pause": 5}, on_success="good", on_failure="bad"
            ),
            "good": action("good", with_={"fail": 9}, on_failure="bad"),
            "bad": action("bad"),
        }
    )
    async with bench.life() as desk:
        run = await desk.start()
        for _ in range(2):
            await desk.until(lambda *_: desk.engine.waiting, run)
            await desk.later(5)
            await desk.until(lambda *_: not desk.engine.waiting, run)
        await desk.end(run)
    assert bench.tell.said == ["x", "x", "x", "good", "bad"]
    assert [sign.kind for sign in bench.signs] == ["failed", "ended"]


async def test_what_nobody_takes_care_of_ends_the_run_through_its_exception(bench: Bench) -> None:
    bench.write({"a": action("x", with_={"fail": 1}), "e": action("sorry")}, workflow_exception="e")
    async with bench.life() as desk:
        run = await desk.end(await desk.start())
    assert run.state == "failed" and "as asked" in run.reason
    assert bench.tell.said == ["x", "sorry"]


async def test_an_action_out_of_time_has_failed(bench: Bench) -> None:
    bench.tell.before = lambda call: asyncio.Event().wait()
    bench.write({"a": action("x", timeout=0.02)})
    async with bench.life() as desk:
        assert "0.02" in (await desk.end(await desk.start())).reason


async def test_people_do_a_step_late_but_do_it(bench: Bench) -> None:
    bench.write(
        {
            "m": manual(deadline=300, owner="leader", save="answer", on_completion="a"),
            "a": action("__answer__:value"),
        },
        variables={"answer": {"type": "string"}},
    )
    async with bench.life() as desk:
        run = await desk.start()
        assert (await desk.waits(run, "m")).due == 1300
        await desk.later(299)
        assert [sign.kind for sign in bench.signs] == ["waiting"]
        await desk.later(1)
        await desk.until(lambda _, entries: entries["m"].outcome.get("late"), run)
        assert [(sign.kind, sign.owner) for sign in bench.signs] == [
            ("waiting", "leader"),
            ("late", "in_charge"),
        ]
        await desk.say(run, "m", "乙", "done", "修好了")
        await desk.end(run)
    assert bench.tell.said == ["修好了"]


async def test_an_action_late_with_its_approval_is_told_once_and_goes_on(bench: Bench) -> None:
    bench.write({"a": action("x", deadline=300, owner="officer", approval={"expiry": 5000})})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
        await desk.later(300)
        await desk.until(lambda _, entries: entries["a!"].finished, run)
    async with bench.life() as desk:  # and not again after a restart
        await desk.waits(run, "a?")
        await desk.later(300)
        await desk.say(run, "a?", "甲", "approve")
        assert (await desk.end(run)).state == "done"
    assert [(sign.kind, sign.owner) for sign in bench.signs if sign.kind == "late"] == [("late", "leader")]
    assert bench.tell.said == ["x"]


async def test_an_action_in_time_is_not_late(bench: Bench) -> None:
    bench.write({"a": action("x", deadline=300, on_completion="m"), "m": manual()})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "m")
        await desk.later(1000)
        await desk.say(run, "m", "甲", "done")
        await desk.end(run)
        assert (await desk.read(run))[1]["a!"].outcome == {}
    assert "late" not in [sign.kind for sign in bench.signs]


GUARD = GuardPeriod(1, "两会", 0, 5000, 0.5, 0, True, "李四")


async def test_guard_periods_shorten_deadlines(bench: Bench) -> None:
    bench.write({"m": manual(deadline=300)})
    bench.periods = GuardPeriods([GUARD])
    async with bench.life() as desk:
        run = await desk.start()
        assert (await desk.waits(run, "m")).due == 1150
        assert bench.signs[0].due == 1150


@pytest.mark.parametrize(
    ("step", "asked"),
    [({}, ("in_charge", 1)), ({"approval": {"role": "leader", "persons": 2, "default": "approve"}}, ("in_charge", 2))],
)  # fmt: skip
async def test_while_changes_are_frozen_the_person_in_charge_agrees_to_each(
    bench: Bench, step: dict[str, Any], asked: tuple[str, int]
) -> None:
    bench.write({"a": action("x", **step) | {"action": "reach"}})
    bench.periods = GuardPeriods([GUARD])
    bench.may = lambda person, role, ts: role != "in_charge" or person in ("局长", "主任")
    async with bench.life() as desk:
        run = await desk.start()
        entry = await desk.waits(run, "a?")
        assert (entry.intent["owner"], entry.intent["persons"]) == asked and "冻结" in entry.intent[
            "instruction"
        ]
        await desk.say(run, "a?", "带班", "approve")
        bench.periods = GuardPeriods()  # what was asked for stays so
    async with bench.life() as desk:
        await desk.waits(run, "a?")
        for person in ("局长", "主任")[: asked[1]]:
            assert bench.reach.said == []
            await desk.say(run, "a?", person, "approve")
        await desk.end(run)
    assert bench.reach.said == ["x"] and bench.reach.calls[0].approved_by == ("局长", "主任")[: asked[1]]


async def test_silence_is_no_agreement_while_changes_are_frozen(bench: Bench) -> None:
    bench.write({"a": action("x", approval={"default": "approve", "expiry": 60}) | {"action": "reach"}})
    bench.periods = GuardPeriods([GUARD])
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
        await desk.later(60)
        assert (await desk.end(run)).state == "failed"
    assert bench.reach.calls == []


@pytest.mark.parametrize(("act", "drill"), [("tell", False), ("reach", True)])
async def test_what_changes_nothing_and_drills_are_not_frozen(bench: Bench, act: str, drill: bool) -> None:
    bench.write({"a": action("x") | {"action": act}})
    bench.periods = GuardPeriods([GUARD])
    async with bench.life() as desk:
        assert (await desk.end(await desk.start(drill=drill))).state == "done"


async def test_a_freeze_does_not_keep_what_was_done_from_being_taken_back(bench: Bench) -> None:
    undo = {"action": "reach", "arguments": {"what": "lift"}, "after": 60}
    bench.write({"a": action("block", rollback=undo) | {"action": "reach"}})
    async with bench.life() as desk:
        await desk.end(await desk.start())
        bench.periods = GuardPeriods([GUARD])
        await desk.later(60)
        await desk.undone("run1")
    assert bench.reach.said == ["block", "lift"]


async def test_who_held_the_role_when_they_answered_counts(bench: Bench) -> None:
    bench.write({"a": action("x", approval={"expiry": 5000})})
    bench.may = lambda person, role, ts: (person, role) == ("李四", "leader") and ts < 1100
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
        await desk.say(run, "a?", "张三", "approve")
        await desk.say(run, "a?", "李四", "approve")
        bench.now = 2000  # 李四 is off duty by now
        await desk.end(run)
    assert bench.tell.calls[0].approved_by == ("李四",)


APPROVAL: dict[str, Any] = {"role": "leader", "persons": 2, "expiry": 600}


async def test_two_different_people_must_agree(bench: Bench) -> None:
    bench.write({"a": action("x", approval=APPROVAL)})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
        await desk.say(run, "a?", "甲", "approve")
        await desk.say(run, "a?", "甲", "approve")
        assert (await desk.read(run))[1]["a?"].state == "waiting" and bench.tell.said == []
        await desk.say(run, "a?", "乙", "approve")
        assert (await desk.end(run)).state == "done"
    assert bench.tell.said == ["x"]


@pytest.mark.parametrize(("default", "said"), [("reject", []), ("approve", ["x"])])
async def test_when_nobody_decides_the_default_holds(bench: Bench, default: str, said: list[str]) -> None:
    bench.write({"a": action("x", approval={**APPROVAL, "default": default})})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
        await desk.later(600)
        await desk.end(run)
    assert bench.tell.said == said


async def test_one_refusal_is_enough(bench: Bench) -> None:
    bench.write({"a": action("x", approval=APPROVAL, on_failure="b"), "b": action("refused")})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
        await desk.say(run, "a?", "甲", "approve")
        await desk.say(run, "a?", "乙", "reject", "误报")
        await desk.end(run)
        assert "误报" in (await desk.read(run))[1]["a"].outcome["reason"]
    assert bench.tell.said == ["refused"]


async def test_what_was_done_is_taken_back_by_itself(bench: Bench) -> None:
    bench.write(
        {"a": action("block", rollback={"action": "tell", "arguments": {"what": "lift"}, "after": 3600})}
    )
    async with bench.life() as desk:
        await desk.end(await desk.start())
        await desk.later(3599)
        assert bench.tell.said == ["block"]
    async with bench.life() as desk:
        await desk.later(1)
        await desk.undone("run1")
        assert bench.tell.said == ["block", "lift"]
        await desk.later(9999)
        done = await desk.writer.run(lambda db: journal.undos(db, run="run1", states=["done"]))
        assert len(done) == 1
    assert bench.tell.said == ["block", "lift"]


async def test_someone_takes_it_back_sooner(bench: Bench) -> None:
    bench.write({"a": action("block", rollback={"action": "tell", "arguments": {"what": "lift"}})})
    async with bench.life() as desk:
        run = await desk.end(await desk.start())
        await desk.say(run, "", "甲", "undo")
        await desk.undone(run.id)
    assert bench.tell.said == ["block", "lift"]


async def test_what_cannot_be_taken_back_is_tried_again_then_told(bench: Bench) -> None:
    undo = {"action": "tell", "arguments": {"what": "lift", "fail": 4}, "after": 60}
    bench.write({"a": action("block", rollback=undo)})
    async with bench.life() as desk:
        run = await desk.end(await desk.start())
        for pause in (60, 30, 120, 600):
            await desk.later(pause - 1)
            said = len(bench.tell.said)
            await desk.later(1)
            while len(bench.tell.said) == said or (not desk.engine.waiting and said < 4):
                await asyncio.sleep(0.002)
        await desk.undone(run.id)
        assert [sign.kind for sign in bench.signs] == ["ended", "failed"]
        await desk.say(run, "", "甲", "undo")  # someone mended the device
        await desk.undone(run.id)
        assert await desk.writer.run(lambda db: journal.undos(db, run=run.id, states=["done"]))
    assert bench.tell.said == ["block"] + ["lift"] * 5


async def test_a_device_that_does_not_answer_holds_nobody_up(bench: Bench) -> None:
    undo = {"action": "reach", "arguments": {"what": "lift"}, "after": 60}
    bench.write({"a": action("block", rollback=undo)})
    bench.write({"b": action("other")}, id="q")
    silent = asyncio.Event()
    bench.reach.before = lambda call: silent.wait()
    async with bench.life() as desk:
        await desk.end(await desk.start())
        await desk.later(60)
        while not bench.reach.calls:
            await asyncio.sleep(0.002)
        assert (await desk.end(await desk.start("q"))).state == "done"
        silent.set()
        await desk.undone("run1")


async def test_several_things_are_taken_back_in_the_order_of_the_last_first(bench: Bench) -> None:
    steps = {
        name: action(name, rollback={"action": "tell", "arguments": {"what": f"un-{name}"}}) for name in "abc"
    }
    steps["a"]["on_completion"], steps["b"]["on_completion"] = "b", "c"
    bench.write(steps)
    async with bench.life() as desk:
        run = await desk.end(await desk.start())
        await desk.say(run, "", "甲", "undo")
        await desk.undone(run.id)
    assert bench.tell.said == ["a", "b", "c", "un-c", "un-b", "un-a"]


async def test_a_drill_reaches_nobody_outside_and_says_so(bench: Bench) -> None:
    reach = action("x", on_completion="b") | {"action": "reach"}
    bench.write({"a": reach, "b": action("inside")})
    async with bench.life() as desk:
        run = await desk.end(await desk.start(drill=True))
        entries = (await desk.read(run))[1]
        trail = await desk.writer.run(lambda db: audit.rows(db, subject=f"run:{run.id}"))
    assert run.drill and all(row.drill for row in trail)
    assert entries["a"].outcome["values"] == {"drill": True}
    assert bench.reach.calls == [] and bench.tell.calls[0].drill


@pytest.mark.parametrize(
    ("of", "asked", "is_drill"),
    [(True, False, True), (True, True, True), (False, False, False), (False, True, None)],
)
async def test_a_run_for_an_incident_is_a_drill_if_that_is_one(
    bench: Bench, of: bool, asked: bool, is_drill: bool | None
) -> None:
    bench.write({"a": action("x")})
    async with bench.life() as desk:
        handling = Handling(IncidentSettings(), Grading.load())
        incident, _ = await desk.writer.run(
            lambda db: handling.open(db.conn, title="x", actor="甲", now=900.0, drill=of)
        )
        if is_drill is None:
            with pytest.raises(PlaybookError):
                await desk.start(incident=incident.number, drill=asked)
        else:
            assert (await desk.end(await desk.start(incident=incident.number, drill=asked))).drill == is_drill
        with pytest.raises(PlaybookError):
            await desk.start(incident="9-9")
        assert desk.engine.ended["drill"] == bool(is_drill)


async def test_cancelled_by_a_person(bench: Bench) -> None:
    bench.write({"m": manual()})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "m")
        await desk.say(run, "", "甲", "cancel")
        run = await desk.end(run)
    assert (run.state, run.reason) == ("cancelled", "甲")


async def test_cancelled_while_the_daemon_was_away(bench: Bench) -> None:
    bench.write({"m": manual(on_completion="a"), "a": action("x")})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "m")
        await desk.writer.run(lambda db: journal.answer(db, run, "", "甲", "cancel", "", bench.now))
    async with bench.life() as desk:
        run = await desk.end(run)
    assert (run.state, run.reason) == ("cancelled", "甲") and bench.tell.said == []


async def test_a_restart_goes_on_where_it_was(bench: Bench) -> None:
    bench.write(
        {"a": action("a", on_completion="m"), "m": manual(deadline=100, on_completion="b"), "b": action("b")}
    )
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "m")
    bench.write({"a": action("changed since")})
    async with bench.life() as desk:
        await desk.waits(run, "m")
        await desk.say(run, "m", "甲", "done")
        assert (await desk.end(run)).state == "done"
    assert bench.tell.said == ["a", "b"]
    assert [sign.kind for sign in bench.signs] == ["waiting", "ended"]


async def test_an_answer_given_while_the_daemon_was_away_is_heard(bench: Bench) -> None:
    bench.write({"m": manual()})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "m")
        writer = desk.writer
        await writer.run(lambda db: journal.answer(db, run, "m", "甲", "done", "", bench.now))
    async with bench.life() as desk:
        assert (await desk.end(run)).state == "done"


@pytest.mark.parametrize(
    ("on_unknown", "said", "state"),
    [
        ("retry", ["x", "x"], "done"),
        ("skip", ["x"], "done"),
        ("fail", ["x"], "failed"),
        ("ask", ["x"], "done"),
    ],
)
async def test_a_step_caught_midway_is_unknown_and_decided(
    bench: Bench, on_unknown: str, said: list[str], state: str
) -> None:
    bench.write({"a": action("x", on_unknown=on_unknown)})
    run = await bench.die_midway()
    async with bench.life() as desk:
        if on_unknown == "ask":
            await desk.waits(run, "a")
    async with bench.life() as desk:
        if on_unknown == "ask":
            await desk.waits(run, "a")
            await desk.say(run, "a", "甲", "done")
        assert (await desk.end(run)).state == state
        trail = await desk.writer.run(lambda db: audit.rows(db, subject=f"run:{run.id}"))
        assert sum(row.action.startswith("playbook.unknown") for row in trail) == 1
    assert bench.tell.said == said
    assert sum(sign.kind == "unknown" for sign in bench.signs) == 1


async def test_many_hundreds_run_at_once(bench: Bench) -> None:
    bench.write({"m": manual(on_completion="a"), "a": action("x")})
    async with bench.life() as desk:
        library = desk.engine.library

        def queue(database: Database) -> None:
            for n in range(500):
                queue_run(database, library, "p", {}, id=f"r{n}", now=1.0, actor="甲")

        await desk.writer.run(queue)
        await desk.engine.look()
        while desk.engine.waiting < 500:
            await asyncio.sleep(0.01)
        assert desk.engine.running == 500

        def answer(database: Database) -> None:
            for run in journal.runs(database, ["running"], 1000):
                journal.answer(database, run, "m", "甲", "done", "", 1.0)

        await desk.writer.run(answer)
        await desk.engine.look()
        while desk.engine.running:
            await asyncio.sleep(0.01)
        assert desk.engine.ended["done"] == 500
    assert len(bench.tell.calls) == len({call.run for call in bench.tell.calls}) == 500


async def test_what_cannot_start_is_refused(bench: Bench) -> None:
    bench.write({"a": action("x")}, variables={"n": {"type": "ip-addr", "external": True}})
    async with bench.life() as desk:
        for given in ({}, {"n": "no address"}, {"other": 1}):
            with pytest.raises(PlaybookError):
                await desk.start(given=given)
        with pytest.raises(PlaybookError):
            await desk.start("none")
        assert await desk.writer.run(lambda db: journal.runs(db)) == []


async def test_only_what_may_be_chosen_is_an_answer(bench: Bench) -> None:
    bench.write(
        {"m": manual(save="v", choices=["是", "否"], on_completion="a"), "a": action("__v__:value")},
        variables={"v": {"type": "string", "value": "否"}},
    )
    async with bench.life() as desk:
        run = await desk.start()
        entry = await desk.waits(run, "m")
        assert entry.intent["choices"] == ["是", "否"]
        await desk.say(run, "m", "甲", "done", "是的")
        await desk.say(run, "m", "甲", "done", "")
        await desk.say(run, "m", "甲", "done", " 是 ")
        assert (await desk.end(run)).state == "done"
    assert bench.tell.said == ["是"]


async def test_what_a_skipped_step_would_have_said_stays_as_it_is(bench: Bench) -> None:
    bench.write(
        {
            "a": action("x", save={"none such": "v"}, on_completion="b"),
            "b": action("__v__:value"),
        },
        variables={"v": {"type": "string", "value": "未登记"}},
    )
    async with bench.life() as desk:
        assert (await desk.end(await desk.start())).state == "done"
    assert bench.tell.said == ["x", "未登记"]


async def test_a_freeze_that_begins_while_people_think_asks_once_more(bench: Bench) -> None:
    bench.write({"a": action("x", approval=APPROVAL) | {"action": "reach"}})
    bench.may = lambda person, role, ts: role != "in_charge" or person == "局长"
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
        bench.periods = GuardPeriods([GUARD])
        for person in ("甲", "乙"):
            await desk.say(run, "a?", person, "approve")
        entry = await desk.waits(run, "a??")
        assert entry.intent["owner"] == "in_charge" and "冻结" in entry.intent["instruction"]
        await desk.say(run, "a??", "甲", "approve")
    async with bench.life() as desk:
        await desk.waits(run, "a??")
        assert bench.reach.said == []
        await desk.say(run, "a??", "局长", "reject")
        assert (await desk.end(run)).state == "failed"
    assert bench.reach.said == []


async def test_an_approval_given_past_its_time_to_a_daemon_that_was_away_is_none(bench: Bench) -> None:
    bench.write({"a": action("x", approval={"expiry": 60})})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
    bench.now += 61
    in_transaction(
        bench.folder / "s.sqlite",
        lambda db: journal.answer(db, run, "a?", "甲", "approve", "", bench.now),
    )
    async with bench.life() as desk:
        assert (await desk.end(run)).state == "failed"
    assert bench.tell.said == []


@pytest.mark.parametrize("on_unknown", ["skip", "ask"])
async def test_what_was_caught_midway_and_may_have_been_done_is_taken_back(
    bench: Bench, on_unknown: str
) -> None:
    rollback = {"action": "tell", "arguments": {"what": "back"}, "after": 100}
    bench.write({"a": action("x", on_unknown=on_unknown, rollback=rollback)})
    run = await bench.die_midway()
    async with bench.life() as desk:
        if on_unknown == "ask":
            await desk.waits(run, "a")
            await desk.say(run, "a", "甲", "done")
        await desk.end(run)
        await desk.later(99)
        assert bench.tell.said == ["x"]
        await desk.later(2)
        await desk.undone(run.id)
    assert bench.tell.said == ["x", "back"]


async def test_a_refused_step_is_never_one_that_was_begun(bench: Bench) -> None:
    bench.write({"a": action("x", approval=APPROVAL, on_unknown="retry")})
    async with bench.life() as desk:
        run = await desk.start()
        await desk.waits(run, "a?")
        await desk.say(run, "a?", "甲", "reject")
        await desk.end(run)
        trail = await desk.writer.run(lambda db: audit.rows(db, subject=f"run:{run.id}", limit=100))
    actions = [row.action for row in trail]
    assert "playbook.action.refused" in actions and "playbook.action.begun" not in actions
    assert bench.tell.said == []
