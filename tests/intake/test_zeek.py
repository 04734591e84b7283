"""Zeek's logs in all their spellings become our own kinds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sentinel.event import Conn, Event, Http, Log, Notice, Ssl
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.reader import LineReader
from sentinel.intake.record import Origin
from sentinel.intake.zeek import stream_of_name

CATALOGUE = Catalogue([])
CONN: dict[str, Any] = {
    "uid": "C1",
    "id.orig_h": "10.0.0.1",
    "id.orig_p": 40000,
    "id.resp_h": "10.0.0.2",
    "id.resp_p": 80,
    "proto": "tcp",
    "conn_state": "SF",
    "history": "ShADadFf",
    "orig_bytes": 10,
    "duration": 0.5,
}


def read(*lines: str, stream: str | None = None) -> list[Event]:
    reader = LineReader(CATALOGUE, Origin("zeek"), stream=stream)
    events = [event for line in lines for event in reader.events(line)]
    assert reader.formats.total() == reader.read and not reader.unexplained
    return events


@pytest.mark.parametrize(
    "record",
    [
        {"_path": "conn", "ts": "2024-05-01T00:00:00.250000Z", "_write_ts": "x", **CONN},
        {"@stream": "conn", "ts": 1714521600.25, **{k.replace(".", "_"): v for k, v in CONN.items()}},
        {"ts": 1714521600250, **CONN},
        {
            "ts": 1714521600.25,
            "id": {k[3:]: v for k, v in CONN.items() if k.startswith("id.")},
            **{k: v for k, v in CONN.items() if not k.startswith("id.")},
        },
    ],
)
def test_json_conn_in_any_spelling(record: dict[str, Any]) -> None:
    (event,) = read(json.dumps(record))
    assert event == Conn(
        ts=1714521600.25,
        uid="C1",
        orig_h="10.0.0.1",
        orig_p=40000,
        resp_h="10.0.0.2",
        resp_p=80,
        proto="tcp",
        conn_state="SF",
        history="ShADadFf",
        orig_bytes=10,
        duration=0.5,
    )


def test_tab_separated_with_sets_and_unset_fields() -> None:
    header = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\thttp",
        "#open\t2024-05-01-00-00-00",
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\turi\tstatus_code\ttags\torig_mime_types",
        "#types\ttime\tstring\taddr\tport\taddr\tport\tcount\tstring\tstring\tcount\tset[enum]\tvector[string]",
    ]
    row = "1714521600.5\tC2\t10.0.0.1\t40000\t10.0.0.2\t80\t1\tGET\t/a\\x09b%41\t200\t(empty)\ttext/plain,text/html"
    (event,) = read(*header, row, "#close\t2024-05-01-01-00-00")
    assert isinstance(event, Http)
    assert (event.ts, event.uri, event.original_uri) == (1714521600.5, "/a\tbA", "/a\tb%41")
    assert event.tags == [] and event.orig_mime_types == ["text/plain", "text/html"]
    assert event.request_body_len == 0 and event.status_code == 200


def test_labels_that_researchers_add_behind_the_last_column_do_no_harm() -> None:
    names = [
        "ts",
        "uid",
        "id.orig_h",
        "id.orig_p",
        "id.resp_h",
        "id.resp_p",
        "proto",
        "conn_state",
        "history",
    ]
    types = ["time", "string", "addr", "port", "addr", "port", "enum", "string", "string"]
    events = read(
        "#separator \\x09",
        "#path\tconn",
        "\t".join(["#fields", *names, "tunnel_parents   label   detailed-label"]),
        "\t".join(["#types", *types, "set[string]   string   string"]),
        "\t".join(
            [
                "1714521600.5",
                "C1",
                "10.0.0.1",
                "4000",
                "10.0.0.2",
                "23",
                "tcp",
                "S0",
                "S",
                "-   Malicious   Scan",
            ]
        ),
    )
    (event,) = events
    assert isinstance(event, Conn) and (event.conn_state, event.resp_p, event.history) == ("S0", 23, "S")


def test_a_stream_that_we_have_no_kind_of_is_a_log() -> None:
    (event,) = read('{"_path":"pe","ts":1.5,"id":"F1","is_exe":true,"_system_name":"sensor1"}')
    assert event == Log(
        ts=1.5,
        product="zeek",
        service="pe",
        source="zeek",
        host="sensor1",
        fields={"_path": "pe", "ts": 1.5, "id": "F1", "is_exe": True, "_system_name": "sensor1"},
    )


def test_a_record_that_lacks_what_its_kind_needs_is_a_log() -> None:
    (event,) = read('{"_path":"conn","ts":1.5,"uid":"C1"}')
    assert isinstance(event, Log) and event.service == "conn"


def test_a_value_of_another_type_is_left_out() -> None:
    (event,) = read('{"_path":"ssl","ts":1.5,"version":"TLSv12","established":"T","resumed":{"a":1},"uid":"C1",'
                    '"id.orig_h":"a","id.orig_p":"1","id.resp_h":"b","id.resp_p":2,"cert_chain_fps":"x"}')  # fmt: skip
    assert isinstance(event, Ssl)
    assert (event.established, event.resumed, event.orig_p, event.cert_chain_fps) == (True, False, 1, ["x"])


def test_notice() -> None:
    (event,) = read('{"_path":"notice","ts":"2018-03-24T17:15:20.6Z","note":"Scan::Port_Scan","msg":"m","src":"10.0.0.1","actions":["Notice::ACTION_LOG"],"suppress_for":3600.0}')  # noqa: E501  # fmt: skip
    assert isinstance(event, Notice)
    assert (event.note, event.src, event.actions) == ("Scan::Port_Scan", "10.0.0.1", ["Notice::ACTION_LOG"])


def test_the_name_of_the_file_tells_the_stream_of_records_that_do_not() -> None:
    (event,) = read(
        '{"ts":1.5,"uid":"C1","something":1}', stream=stream_of_name("radius.00:00:00-01:00:00.log.gz")
    )
    assert isinstance(event, Log) and (event.product, event.service) == ("zeek", "radius")
    assert stream_of_name("conn.log") == "conn"
    assert stream_of_name("conn_20240501.log") == "conn_20240501"
    assert stream_of_name("readme.txt") is None
