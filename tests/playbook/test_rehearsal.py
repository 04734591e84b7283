"""The dry run: what would happen, and nothing does."""

from __future__ import annotations

from playbook_bench import Bench, action, manual

from sentinel.playbook.rehearsal import rehearse


async def told(bench: Bench, **answers: str) -> list[str]:
    messages = await rehearse(bench.library, "p", {}, answers)
    assert bench.tell.calls == []
    return [str(message) for message in messages]


async def test_what_nobody_answered_stays_as_it_is(bench: Bench) -> None:
    bench.write(
        {
            "a": action("x", save={"said": "v"}, on_completion="m"),
            "m": manual(save="n", on_completion="b"),
            "b": action("__v__:value __n__:value"),
        },
        variables={"v": {"type": "string", "value": "unchanged"}, "n": {"type": "integer", "value": 7}},
    )
    words = await told(bench)
    assert "{'what': 'unchanged 7'}" in words[2] and len(words) == 4
    assert "{'what': 'unchanged 9'}" in (await told(bench, m="9"))[2]


async def test_a_loop_is_gone_through_once(bench: Bench) -> None:
    bench.write(
        {
            "w": {"type": "while", "condition": "__n__:value < 3", "on_true": "m", "on_completion": "b"},
            "m": manual(save="n"),
            "b": action("after"),
        },
        variables={"n": {"type": "integer", "value": 0}},
    )
    words = await told(bench)
    assert [word.partition(":")[0] for word in words[:4]] == ["w/0", "w/0/m", "w", "b"]
    assert (await told(bench, m="failed"))[-1].startswith("到此失败")


async def test_an_answer_is_for_a_step_by_its_name_or_its_way(bench: Bench) -> None:
    bench.write(
        {
            "p": {"type": "parallel", "next_steps": ["m", "o"], "on_completion": "b"},
            "m": manual(save="v"),
            "o": manual(),
            "b": action("__v__:value"),
        },
        variables={"v": {"type": "string", "value": "x"}},
    )
    assert "'what': 'near'" in (await told(bench, m="near"))[-2]
    assert "'what': 'there'" in (await told(bench, **{"m": "near", "p/m/m": "there"}))[-2]
