"""A reload takes good rules over, refuses bad ones as a whole, and forgets nothing of rules that stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentinel.event import Payload
from sentinel.rule import ReloadRefused, RuleSet, RuleSettings, reload_rules, rules_on_disk

pytestmark = pytest.mark.usefixtures("english")

HEAD = "title: {title}\nid: {id}\nlogsource: {{product: sentinel, service: payload}}\n"
SETTINGS = RuleSettings(paths=("rules",), pipelines=("site.yml",))
PIPELINE = "transformations: [{type: change_logsource, product: zeek, rule_conditions: []}]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "site.yml").write_text(PIPELINE)
    write(tmp_path, "one", "alpha", "omega")
    write(tmp_path, "two", "first", "second")
    return tmp_path


def write(root: Path, name: str, *needles: str) -> None:
    uid = f"00000000-0000-0000-0000-{sum(name.encode()):012}"
    text = HEAD.format(title=name, id=uid) + "detection:\n  s:\n    payload|contains|all:\n"
    text += "".join(f"      - {needle}\n" for needle in needles) + "  condition: s\n"
    (root / "rules" / f"{name}.yml").write_text(text)


def titles(rules: RuleSet, data: bytes, uid: str = "C1") -> list[str]:
    event = Payload(
        ts=1.0, uid=uid, orig_h="10.0.0.1", orig_p=1, resp_h="10.0.0.2", resp_p=80,
        payload=data, proto="tcp", direction="to_server",
    )  # fmt: skip
    return [alert.title for alert in rules.match([event])]


def test_the_state_on_disk_differs_after_every_change(root: Path) -> None:
    states = [rules_on_disk(SETTINGS, root)]
    assert rules_on_disk(SETTINGS, root) == states[0]
    write(root, "three", "x")
    states.append(rules_on_disk(SETTINGS, root))
    os.utime(root / "rules" / "one.yml", ns=(1, 1))
    states.append(rules_on_disk(SETTINGS, root))
    (root / "rules" / "two.yml").unlink()
    states.append(rules_on_disk(SETTINGS, root))
    (root / "site.yml").write_text(PIPELINE + "# more\n")
    states.append(rules_on_disk(SETTINGS, root))
    (root / "site.yml").unlink()
    states.append(rules_on_disk(SETTINGS, root))
    assert len(set(states)) == len(states)


def test_a_new_problem_refuses_the_whole_set_a_known_one_does_not(root: Path) -> None:
    present = RuleSet.load(SETTINGS, root)
    write(root, "three", "x")
    assert len(reload_rules(SETTINGS, root, present).rules) == 3
    (root / "rules" / "bad.yml").write_text("title: bad\n")
    with pytest.raises(ReloadRefused, match=r"bad\.yml"):
        reload_rules(SETTINGS, root, present)
    suffering = RuleSet.load(SETTINGS, root)
    assert suffering.problems
    write(root, "four", "x")
    assert len(reload_rules(SETTINGS, root, suffering).rules) == 4
    (root / "site.yml").write_text("transformations: [{type: nothing}]")
    with pytest.raises(ReloadRefused, match="`nothing` are not known"):
        reload_rules(SETTINGS, root, suffering)


def test_what_was_seen_in_payloads_outlives_a_reload(root: Path) -> None:
    former = RuleSet.load(SETTINGS, root)
    assert titles(former, b"alpha first") == []
    assert titles(former, b"alpha omega", "C2") == ["one"]
    write(root, "another", "unrelated", "needle")  # sorts first: every number changes
    write(root, "two", "first", "third")
    rules = reload_rules(SETTINGS, root, former)
    rules.succeed(former)
    assert titles(rules, b"omega third", "C1") == ["one"]  # rule two is a new one: it saw nothing yet
    assert titles(rules, b"omega", "C2") == []  # told already
    assert titles(rules, b"first", "C1") == ["two"]
