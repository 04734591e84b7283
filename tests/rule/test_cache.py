"""What a start compiled, the next one reads: only where it is the same, and never from a stranger."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from sentinel.rule import RuleSet, RuleSettings
from sentinel.rule import cache as cache_module
from sentinel.rule import load as load_module
from sentinel.rule.cache import RuleCache
from sentinel.rule.library import load_paths
from sentinel.rule.placeholder import Placeholders

RULE = """title: {title}
logsource: {{product: sentinel, service: weird}}
detection:
  s:
    name|contains: {needle}
    addl|cidr: 10.0.0.0/8
  n:
    - notice|re|i: 'a+b'
    - peer|exists: true
    - peer|gte: 3.5
    - name|fieldref|endswith: addl
    - ts|hour: 3
    - addl: null
    - name: 'x?y*z'
  condition: s and not n
level: high
date: 2024-05-06
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTINEL_RULE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "rules"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.yml").write_text(RULE.format(title=name, needle=name))
    (folder / "bad.yml").write_text("title: bad\ndetection: 3\n")
    return folder


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are compiled from here on."""
    names: list[str] = []
    real = load_module.load_content

    def noted(path: Path, content: bytes, placeholders: Placeholders) -> object:
        names.append(path.stem)
        return real(path, content, placeholders)

    monkeypatch.setattr(load_module, "load_content", noted)
    return names


def kept(rules: Path) -> Path:
    [path] = (rules.parent / "cache" / "rules").iterdir()
    return path


def test_the_second_start_compiles_nothing_and_has_the_same(rules: Path, compiled: list[str]) -> None:
    first = load_paths([str(rules)], Path("/"))
    assert compiled == ["bad", "one", "three", "two"]
    compiled.clear()
    second = load_paths([str(rules)], Path("/"))
    assert not compiled
    assert [msgspec.structs.asdict(rule) for rule in second.rules] == [
        msgspec.structs.asdict(rule) for rule in first.rules
    ]
    assert second.problems == first.problems and len(first.problems) == 1
    assert len(first.rules) == 3


def test_an_edited_rule_compiles_one_file(rules: Path, compiled: list[str]) -> None:
    load_paths([str(rules)], Path("/"))
    compiled.clear()
    (rules / "two.yml").write_text(RULE.format(title="two", needle="other"))
    loaded = load_paths([str(rules)], Path("/")).rules
    assert compiled == ["two"]
    assert "other" in str(next(rule.condition for rule in loaded if rule.title == "two"))
    compiled.clear()
    load_paths([str(rules)], Path("/"))
    assert not compiled


def test_a_copy_of_a_file_is_a_rule_of_its_own_place(rules: Path) -> None:
    load_paths([str(rules)], Path("/"))
    (rules / "below").mkdir()
    (rules / "two.yml").rename(rules / "below" / "two.yml")
    loaded = load_paths([str(rules)], Path("/")).rules
    assert [rule.path for rule in loaded if rule.title == "two"] == [rules / "below" / "two.yml"]


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_cache_is_counted_and_built_anew(
    rules: Path, compiled: list[str], damage: bytes | None
) -> None:
    load_paths([str(rules)], Path("/"))
    whole = kept(rules).read_bytes()
    broken = whole[:60] + bytes([whole[60] ^ 1]) + whole[61:] if damage is None else damage
    kept(rules).write_bytes(broken)
    assert RuleCache([str(rules)]).damaged == bool(broken)
    compiled.clear()
    loaded = load_paths([str(rules)], Path("/")).rules
    assert len(compiled) == 4 and len(loaded) == 3
    assert kept(rules).read_bytes() != broken
    compiled.clear()
    load_paths([str(rules)], Path("/"))
    assert not compiled


def test_other_circumstances_and_other_sources_compile_anew(
    rules: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_paths([str(rules)], Path("/"), {})
    content = (rules / "one.yml").read_bytes()
    assert RuleCache([str(rules)]).get(rules / "one.yml", content) is not None
    assert RuleCache([str(rules)], "a list of values").get(rules / "one.yml", content) is None
    monkeypatch.setattr(cache_module, "__version__", "0.0.0")
    assert RuleCache([str(rules)]).get(rules / "one.yml", content) is None


def test_a_folder_that_others_may_write_is_not_used(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_paths([str(rules)], Path("/"))
    (rules.parent / "cache" / "rules").chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(rules.parent / "user"))
    content = (rules / "one.yml").read_bytes()
    assert RuleCache([str(rules)]).get(rules / "one.yml", content) is None


def test_no_place_to_keep_anything_stops_nothing(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "trusted_folders", lambda name, variable: iter(()))
    assert len(load_paths([str(rules)], Path("/")).rules) == 3


def test_a_number_that_cannot_be_kept_still_runs(rules: Path, compiled: list[str]) -> None:
    (rules / "one.yml").write_text(
        RULE.format(title="one", needle="one").replace("gte: 3.5", f"gte: {1 << 70}")
    )
    load_paths([str(rules)], Path("/"))
    compiled.clear()
    loaded = load_paths([str(rules)], Path("/")).rules
    assert compiled == ["one"] and len(loaded) == 3


def test_with_a_warm_cache_nothing_of_pysigma_is_imported(rules: Path) -> None:
    RuleSet.load(RuleSettings(paths=(str(rules),)), Path("/"))
    program = (
        "import sys; from pathlib import Path; from sentinel.rule import RuleSet, RuleSettings\n"
        f"RuleSet.load(RuleSettings(paths=({str(rules)!r},)), Path('/'))\n"
        "sys.exit('sigma' in sys.modules or 'numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], env=os.environ, check=False).returncode == 0
