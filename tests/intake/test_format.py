"""Every format that ships reads its own samples as they say, and no sample of another format."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from sentinel.intake.catalogue import SHIPPED, Catalogue, read_declarations
from sentinel.intake.declaration import Declaration, Sample
from sentinel.intake.format import Format, FormatError
from sentinel.intake.sample import differences

CATALOGUE = Catalogue.load()
SAMPLES = [
    pytest.param(format.declaration, sample, id=f"{name}-{number}")
    for name, format in CATALOGUE.formats.items()
    for number, sample in enumerate(format.declaration.samples)
]


def declared(text: str) -> Declaration:
    return msgspec.convert(yaml.safe_load(text), Declaration)


def test_every_shipped_file_is_sound_and_every_format_has_samples() -> None:
    assert CATALOGUE.problems == []
    names = [
        declaration.name
        for path in sorted(SHIPPED.glob("*.yaml"))
        for declaration in read_declarations(path)[0]
    ]
    assert len(names) == len(set(names)) == len(CATALOGUE.formats)
    assert all(format.declaration.samples for format in CATALOGUE.formats.values())


@pytest.mark.parametrize(("declaration", "sample"), SAMPLES)
def test_sample(declaration: Declaration, sample: Sample) -> None:
    assert list(differences(CATALOGUE, declaration, sample)) == []


def test_a_sample_that_is_wrong_is_told() -> None:
    declaration = CATALOGUE.formats["squid"].declaration
    line = declaration.samples[0].line
    wrong = Sample(line=line, ts=1.0, event={"kind": "dns", "uri": "x"}, auth={"success": True})
    told = list(differences(CATALOGUE, declaration, wrong))
    assert [word.split(" is ")[0] for word in told] == ["ts", "event kind", "event uri", "auth success"]
    assert list(differences(CATALOGUE, declaration, Sample(line="hello"))) == ["found to be of no format"]


def test_a_site_adds_a_format_and_replaces_one_without_python(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        """
name: door
about: 门禁
about_en: door
read: regex
logsource: {product: door}
patterns: ['^DOOR (?P<who>\\S+) (?P<what>开门|拒绝)$']
values: {what: {拒绝: deny}}
auth: [{when: {what: deny}, success: false, service: door, user: who}]
samples: [{line: DOOR 张三 拒绝, fields: {what: deny}, auth: {success: false, user: 张三}}]
---
name: squid
about: 自己的
about_en: own
read: pairs
recognise: {keys: [proxy_user]}
samples: [{line: proxy_user=a x=1}]
""",
        encoding="utf-8",
    )
    catalogue = Catalogue.load([tmp_path])
    assert catalogue.problems == []
    for name in ("door", "squid"):
        declaration = catalogue.formats[name].declaration
        assert not [
            word for sample in declaration.samples for word in differences(catalogue, declaration, sample)
        ]


def test_what_is_wrong_in_a_file_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: x\nabout: y\nabout_en: y\nread: telepathy\nsamples: []\n")
    (tmp_path / "b.yaml").write_text("{")
    (tmp_path / "c.yaml").write_text(
        "name: good\nabout: y\nabout_en: y\nread: pairs\nsamples: []\n---\n"
        "name: bad\nabout: y\nabout_en: y\nread: regex\npatterns: ['(']\nsamples: []\n"
    )
    catalogue = Catalogue.load([tmp_path])
    assert len(catalogue.problems) == 3
    assert "telepathy" in str(catalogue.problems[0])
    assert "good" in catalogue.formats and "bad" not in catalogue.formats


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("read: regex", "needs `patterns`"),
        ("read: pairs\ntime: [{field: t, form: soon}]", "no form of time"),
        ("read: json\nnames: {'$.a[x]': src_ip}", "no JSON path"),
        ("read: pairs\nevents: [{kind: nothing, fields: {}}]", "nothing"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(line: str, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        Format(declared(f"name: x\nabout: x\nabout_en: x\nsamples: []\n{line}\n"))


def test_json_paths_lead_into_lists(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        """
name: box
about: x
about_en: x
read: json
recognise: {keys: ["$.hosts[0].ip", "$['a.b']"]}
names: {"$.hosts[0].ip": src_ip, "$.hosts[1].ip": dst_ip, "$['a.b'].user": user}
time: [{field: "$.times[0]"}]
auth: [{success: false, service: box, user: user, src: src_ip}]
samples:
  - line: '{"hosts": [{"ip": "198.51.100.7"}], "a.b": {"user": "bob"}, "times": ["2024-05-01T00:00:00Z"]}'
    ts: 1714521600
    fields: {src_ip: 198.51.100.7, user: bob}
    auth: {user: bob, src: 198.51.100.7}
""",
        encoding="utf-8",
    )
    catalogue = Catalogue.load([tmp_path])
    assert catalogue.problems == [] and catalogue.own == {"box"}
    declaration = catalogue.formats["box"].declaration
    assert list(differences(catalogue, declaration, declaration.samples[0])) == []


def test_the_format_of_the_manual_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "intake.md").read_text(encoding="utf-8")
    (example,) = [block for block in page.split("```yaml\n")[1:] if block.startswith("name: ")]
    (tmp_path / "gate.yaml").write_text(example.partition("```")[0], encoding="utf-8")
    catalogue = Catalogue.load([tmp_path])
    assert catalogue.problems == []
    declaration = catalogue.formats["gate"].declaration
    assert [
        word for sample in declaration.samples for word in differences(catalogue, declaration, sample)
    ] == []
