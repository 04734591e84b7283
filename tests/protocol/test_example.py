"""The example of docs/protocols.md is run as it stands there."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.event import KINDS
from sentinel.protocol import ProtocolSettings

PAGE = Path(__file__).parents[2] / "docs" / "protocols.md"


@pytest.fixture
def example() -> Iterator[Any]:
    code = PAGE.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    module = types.ModuleType("documented_example")
    sys.modules[module.__name__] = module
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    yield module.__dict__["HelloAnalyzer"]
    del KINDS["hello"], sys.modules[module.__name__]


def test_the_documented_protocol_works(example: Any, wire: Any) -> None:
    assert example.recognise(b"HEL", True, "tcp") is None
    assert example.recognise(b"HELLO w", True, "tcp") is True
    assert example.recognise(b"GET / HTTP/1.1\r\n", True, "tcp") is False
    hello = example(wire, wire.events.append, ProtocolSettings())
    for byte in b"HELLO world\r\nHELLO \xe4\xb8\xad\nBYE\n":
        hello.feed(True, bytes([byte]), 1.0)
    hello.finish(2.0)
    assert [event.name for event in wire.of("hello")] == ["world", "中"]
    assert set(wire.weirds) == {"HELLO_bad_line"}
    hello.feed(True, b"x" * 1000, 3.0)
    assert hello.done


def test_every_module_of_a_protocol_is_on_the_page() -> None:
    from sentinel.protocol.known import ANALYZERS

    page = PAGE.read_text("utf-8")
    for analyzer in ANALYZERS:
        assert f"`{analyzer.__module__.rpartition('.')[2]}.py`" in page
