"""Each configured place of logs stands for its sources."""

from __future__ import annotations

import pytest

from sentinel.intake.chunk import Inlet
from sentinel.intake.settings import SourceSettings
from sentinel.intake.source import sources_of


@pytest.mark.parametrize(
    ("settings", "made"),
    [
        (SourceSettings(name="x", kind="file", paths=("/a/*.log", "/b.log")), ["FileSource", "FileSource"]),
        (SourceSettings(name="x", kind="udp"), ["UdpSource"]),
        (SourceSettings(name="x", kind="tcp"), ["StreamSource"]),
        (SourceSettings(name="x", kind="tls", certificate="c", key="k"), ["StreamSource"]),
        (SourceSettings(name="x", kind="journal"), ["JournalSource"]),
        (SourceSettings(name="x", kind="mqtt", broker="mqtt://10.0.0.1"), ["MqttSource"]),
    ],
)
def test_kinds(settings: SourceSettings, made: list[str]) -> None:
    sources = sources_of(settings, Inlet(1), lambda what, why: None, {}, lambda: 0.0)
    assert [type(source).__name__ for source in sources] == made
    assert {source.name for source in sources} == {"x"}
