"""Every line becomes at least one event, whatever it is; headers and wrappers are told apart from messages."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.event import Auth, Conn, Dns, Event, Http, Log
from sentinel.event.encode import EventEncoder
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.reader import LONGEST, LineReader
from sentinel.intake.record import Origin

CATALOGUE = Catalogue.load()
CHINA = timezone(timedelta(hours=8))


def reader(format: str | None = None) -> LineReader:
    reference = datetime(2024, 6, 1, tzinfo=UTC).timestamp()
    return LineReader(CATALOGUE, Origin("here", zone=CHINA, reference=reference), format=format)


def one(line: str) -> Event:
    (event,) = reader().events(line)
    return event


def log(line: str) -> Log:
    event = one(line)
    assert isinstance(event, Log)
    return event


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=200), max_size=20))
def test_no_line_is_lost_and_none_stops_the_reading(lines: list[str]) -> None:
    it = reader()
    encoder = EventEncoder()
    for line in lines:
        events = it.events(line)
        if not line.isspace() and not line.startswith("#"):
            assert events
        encoder.encode([event for event in events if "\ud800" not in line])
    assert it.formats.total() + it.unexplained.total() == it.read
    assert "fault" not in it.unexplained


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "Event",
                        "System",
                        "EventData",
                        "EventID",
                        "winlog",
                        "ts",
                        "uid",
                        "event_type",
                        "timestamp",
                        "log",
                        "time",
                        "stream",
                        "MESSAGE",
                        "__REALTIME_TIMESTAMP",
                        "dns",
                        "http",
                        "flow",
                        "Records",
                        "eventName",
                        "remote_addr",
                        "status",
                        "request",
                        "id",
                        "_path",
                        "x",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_value_stops_the_reading(value: Any) -> None:
    it = reader()
    events = it.events(json.dumps(value))
    assert it.formats.total() + it.unexplained.total() == it.read
    assert events or it.read == 0
    assert "fault" not in it.unexplained
    EventEncoder().encode(events)


HEAD = "<13>1 2024-05-01T00:00:00Z h p - - "
HOSTILE = {
    "nothing but names": HEAD + "[a " + "a" * 60_000 + "] x",
    "open quotes": HEAD + '[a b="' + '\\"' * 30_000,
    "many elements": HEAD + "[a]" * 20_000,
    "many parameters": HEAD + "[a " + 'a="b" ' * 10_000 + "] x",
    "a long host": "<13>May  1 08:00:00 " + "h" * 60_000 + " p: x",
    "priorities": "<" * 60_000,
    "deep JSON": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "many fields": json.dumps({f"k{number}": number for number in range(200_000)}),
    "many records": "[" + "{}," * 300_000 + "{}]",
    "half a pair": '{"@timestamp":"2024-05-01T00:00:00Z","m":"\\ud800"}',
    "a huge number": '{"a":' + "9" * 5000 + "}",
    "a number past all": '{"a":1e400}',
    "escapes of a terminal": "<13>May  1 08:00:00 h p: \x1b[2J\x1b[31mroot\0",
    "entities that grow": '<Event a="1"><!DOCTYPE l [<!ENTITY a "ha">]>&a;</Event>',
    "many children": "<Event>" + "<a/>" * 15_000 + "</Event>",
    "CEF": "CEF:0|a|b|c|d|e|f|" + "a=" * 30_000,
    "audit": "type=EXECVE msg=audit(1.1:1): argc=99999 " + "a1=" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_costs_neither_time_nor_memory_nor_the_lines_behind_it(name: str) -> None:
    it = reader()
    began = time.process_time()
    events = it.events(HOSTILE[name])
    assert time.process_time() - began < 1.0
    assert 1 <= len(events) <= 2 and "fault" not in it.unexplained
    encoder = EventEncoder()
    encoder.encode(events)
    assert encoder.unencodable == 0
    assert it.events("<13>May  1 08:00:00 h odd: x")[0].host == "h"  # type: ignore[attr-defined]


def test_what_strangers_choose_is_not_remembered_without_bounds() -> None:
    catalogue = Catalogue.load()
    it = LineReader(catalogue, Origin("here"))
    for number in range(50):
        it.events(json.dumps({f"{number}{at}": "x" for at in range(300)}))
        it.events(json.dumps({f"{number}" * 100: "x"}))
        it.events(f'date=2024-05-01 devname="a" logid="1" type="{"x" * 1000}{number}" srcip=1.1.1.1 x=y')
    assert not any(len(name) > 64 for signature in catalogue._signatures for name in signature)
    assert all(len(signature) <= 256 for signature in catalogue._signatures)
    assert not any(len(str(part)) > 300 for plan in catalogue.formats["fortigate"]._plans for part in plan)


def test_what_a_file_says_of_its_columns_can_be_told_again() -> None:
    it = reader()
    it.learn(
        [
            "#separator \\x09",
            "#path\tdns",
            "#fields\tts\tquery\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tuid",
        ]
    )
    (event,) = it.events("1714521600.0\ta.example\t10.0.0.1\t1\t10.0.0.2\t53\tudp\tC1")
    assert isinstance(event, Dns) and event.query == "a.example" and it.read == 1


def test_a_line_that_nothing_explains_is_its_own_message() -> None:
    it = reader()
    (event,) = it.events("就是一行字")
    assert isinstance(event, Log) and event.fields == {"message": "就是一行字"} and event.product is None
    assert it.unexplained == {"unknown": 1}


def test_a_line_too_long_is_cut_and_counted() -> None:
    it = reader()
    (event,) = it.events("x" * (LONGEST + 10))
    assert isinstance(event, Log) and len(event.fields["message"]) == LONGEST and it.cut == 1


def test_a_fault_of_ours_costs_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> bool:
        raise RuntimeError(text)

    monkeypatch.setattr("sentinel.intake.reader.is_audit", broken)
    it = reader()
    (event,) = it.events("some line")
    assert isinstance(event, Log) and event.fields == {"message": "some line"}
    assert it.unexplained == {"fault": 1}


def test_blank_lines_are_none() -> None:
    it = reader()
    assert [it.events(line) for line in ("", "  ", "\t")] == [[], [], []]
    assert it.read == 0


@pytest.mark.parametrize(
    ("line", "ts", "host", "program", "message"),
    [
        ("<34>Oct 11 22:14:15 mymachine odd: text of it", "2023-10-11 22:14:15", "mymachine", "odd", "text of it"),
        ("<13>Feb  5 17:32:18 10.0.0.99 odd[12]: Use", "2024-02-05 17:32:18", "10.0.0.99", "odd", "Use"),
        ("May  1 08:00:00 web1 odd[9]: 中文消息", "2024-05-01 08:00:00", "web1", "odd", "中文消息"),
        ("2024-05-01T08:00:00.5+08:00 web1 odd: x", "2024-05-01 08:00:00.5", "web1", "odd", "x"),
        ('<165>1 2024-05-01T00:00:00.003Z h.example odd 8710 ID47 [a@1 b="c\\"]"][d e="f"] BOM', "2024-05-01 08:00:00.003", "h.example", "odd", "BOM"),  # noqa: E501
        ("<165>1 2024-05-01T08:00:00.003+08:00 h odd - - - \ufefftext", "2024-05-01 08:00:00.003", "h", "odd", "text"),
        ("<13>odd: no stamp", None, None, "odd", "no stamp"),
        ("<189>May 1 2024 08:00:00 SW1 odd: y", "2024-05-01 08:00:00", "SW1", "odd", "y"),
    ],
)  # fmt: skip
def test_syslog_headers(line: str, ts: str | None, host: str | None, program: str, message: str) -> None:
    event = log(line)
    if ts is not None:
        assert event.ts == pytest.approx(datetime.fromisoformat(ts).replace(tzinfo=CHINA).timestamp())
    assert (event.host, event.fields["program"], event.fields["message"]) == (host, program, message)
    assert (event.product, event.service) == ("linux", "auth" if line.startswith("<34>") else "syslog")


def test_lines_of_containers_are_read_as_what_they_hold() -> None:
    access = '10.0.0.8 - - [01/May/2024:08:00:00 +0800] "GET / HTTP/1.1" 200 5'
    (event,) = reader().events(f"2024-05-01T00:00:00.123456789Z stdout F {access}")
    assert isinstance(event, Http) and event.ts == 1714521600.0
    (other,) = reader().events("2024-05-01T00:00:01.5Z stderr F nothing known")
    assert isinstance(other, Log) and (other.ts, other.fields["message"]) == (1714521601.5, "nothing known")


@pytest.mark.parametrize("level", ["INFO", "[error]", "WARN"])
def test_a_level_is_no_host(level: str) -> None:
    event = log(f"2024-05-01T00:00:00Z {level.upper()} something happened")
    assert event.host is None and event.ts == 1714521600.0


@pytest.mark.parametrize("prefix", ["", "@cee: ", "@cee:"])
def test_json_behind_a_header_is_read(prefix: str) -> None:
    record = '{"eventid":"cowrie.login.failed","username":"root","session":"a","src_ip":"198.51.100.7"}'
    log_event, auth = reader().events(f"<13>May  1 08:00:00 pot1 cowrie: {prefix}{record}")
    assert isinstance(log_event, Log) and isinstance(auth, Auth)
    assert (log_event.host, auth.src, auth.ts) == ("pot1", "198.51.100.7", 1714521600.0)


def test_structured_data_is_kept() -> None:
    event = log('<165>1 2024-05-01T00:00:00Z h odd - ID47 [a@1 b="c\\"]" x="y"][d e="f"] text')
    assert event.fields["extra"] == {"msgid": "ID47", "b": 'c"]', "x": "y", "e": "f"}


def test_the_year_turns_over_both_ways() -> None:
    it = reader()
    stamps = [
        it.events(f"{stamp} h odd: x")[0].ts
        for stamp in ("Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:58")
    ]
    assert [datetime.fromtimestamp(ts, CHINA).year for ts in stamps] == [2023, 2024, 2023]


def test_wrappers_of_docker_journald_and_filebeat() -> None:
    message = "Failed password for root from 198.51.100.7 port 4242 ssh2"
    journal = {"__REALTIME_TIMESTAMP": "1714521600000000", "MESSAGE": message, "SYSLOG_IDENTIFIER": "sshd", "_HOSTNAME": "h1", "_PID": "9"}  # noqa: E501  # fmt: skip
    for record, host in (
        (journal, "h1"),
        ({**journal, "MESSAGE": list(message.encode())}, "h1"),
        ({"log": f"<86>May  1 08:00:00 h1 sshd[9]: {message}\n", "stream": "stdout", "time": "2024-05-01T00:00:00Z"}, "h1"),
        ({"@timestamp": "2024-05-01T00:00:00Z", "message": f"May  1 08:00:00 h1 sshd[9]: {message}", "agent": {"type": "filebeat"}, "log": {"offset": 1}}, "h1"),  # noqa: E501
    ):  # fmt: skip
        events = reader().events(json.dumps(record))
        assert any(isinstance(event, Auth) for event in events) == ("sshd" in CATALOGUE.formats)
        assert events[0].ts == 1714521600.0
        assert events[0].host == host  # type: ignore[attr-defined]


def test_suricata_in_our_kinds_and_its_alerts_as_records() -> None:
    common = {"timestamp": "2024-05-01T08:00:00.000000+0800", "flow_id": 7, "src_ip": "10.0.0.1", "src_port": 4000, "dest_ip": "10.0.0.2", "dest_port": 80, "proto": "TCP"}  # noqa: E501  # fmt: skip
    flow = one(json.dumps({**common, "event_type": "flow", "app_proto": "http", "flow": {"pkts_toserver": 5, "pkts_toclient": 4, "bytes_toserver": 500, "bytes_toclient": 900, "start": "2024-05-01T07:59:58.000000+0800", "end": "2024-05-01T08:00:00.000000+0800"}, "tcp": {"syn": True, "fin": True}}))  # noqa: E501  # fmt: skip
    assert isinstance(flow, Conn)
    assert (flow.ts, flow.uid, flow.proto, flow.service, flow.duration, flow.conn_state) == (1714521598.0, "S7", "tcp", "http", 2.0, "SF")  # noqa: E501  # fmt: skip
    http = one(json.dumps({**common, "event_type": "http", "tx_id": 0, "http": {"hostname": "h", "url": "/a%20b", "http_method": "GET", "status": 200, "length": 5, "protocol": "HTTP/1.1"}}))  # noqa: E501  # fmt: skip
    assert isinstance(http, Http)
    assert (http.uri, http.original_uri, http.version, http.status_code) == ("/a b", "/a%20b", "1.1", 200)
    dns = one(json.dumps({**common, "event_type": "dns", "dns": {"type": "query", "id": 1, "rrname": "A.Example", "rrtype": "TXT"}}))  # noqa: E501  # fmt: skip
    assert isinstance(dns, Dns) and (dns.query, dns.qtype_name, dns.trans_id) == ("a.example", "TXT", 1)
    alert = one(json.dumps({**common, "event_type": "alert", "alert": {"signature": "s", "severity": 1}}))
    assert isinstance(alert, Log)
    assert (alert.product, alert.service, alert.field("alert.severity")) == ("suricata", "alert", 1)
    assert (alert.orig_h, alert.resp_h, alert.resp_p) == ("10.0.0.1", "10.0.0.2", 80)


def test_audit_records_know_their_event() -> None:
    it = reader()
    lines = [
        'type=SYSCALL msg=audit(1714521600.123:24287): arch=c000003e syscall=59 success=yes exit=0 a0=55d a1=7f items=2 ppid=1 pid=2 auid=1000 uid=0 comm="cat" exe="/usr/bin/cat" key="k"',  # noqa: E501
        'type=EXECVE msg=audit(1714521600.123:24287): argc=2 a0="cat" a1=2F6574632F736861646F7720',
        'type=PATH msg=audit(1714521600.123:24287): item=0 name="/etc/shadow" nametype=NORMAL',
        "type=USER_LOGIN msg=audit(1714521601.0:24288): pid=5 uid=0 msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=? addr=198.51.100.7 terminal=ssh res=failed'",  # noqa: E501
    ]  # fmt: skip
    events = [event for line in lines for event in it.events(line)]
    syscall, execve, path, login, auth = events
    assert all(isinstance(event, Log) and event.service == "auditd" for event in events[:4])
    assert (
        isinstance(syscall, Log) and syscall.fields["a0"] == "55d" and syscall.fields["exe"] == "/usr/bin/cat"
    )
    assert isinstance(execve, Log) and execve.category == "process_creation"
    assert (execve.fields["CommandLine"], execve.fields["Image"]) == ("cat /etc/shadow", "/usr/bin/cat")
    assert isinstance(path, Log) and (path.fields["name"], path.fields["comm"]) == ("/etc/shadow", "cat")
    assert isinstance(login, Log) and login.fields["type"] == "USER_LOGIN"
    assert isinstance(auth, Auth)
    assert (auth.service, auth.user, auth.src, auth.success) == ("ssh", "root", "198.51.100.7", False)
    assert it.formats == {"auditd": 4}


def test_one_line_of_many_records_is_as_many() -> None:
    it = reader()
    events = it.events('{"Records": [{"a": 1}, {"a": 2}]}')
    assert [event.fields for event in events] == [{"a": 1}, {"a": 2}]  # type: ignore[attr-defined]
    assert it.read == 2


def test_a_first_line_of_names_heads_a_table() -> None:
    it = reader()
    assert it.events("时间,源IP,目的IP,目的端口,动作") == []
    (event,) = it.events('2024-05-01 08:00:00,10.0.0.1,"10.0.0.2",443,')
    assert isinstance(event, Log) and event.ts == 1714521600.0
    assert event.fields == {
        "时间": "2024-05-01 08:00:00",
        "源IP": "10.0.0.1",
        "目的IP": "10.0.0.2",
        "目的端口": "443",
    }
    assert it.formats == {"header": 1, "json-lines": 1}
    (other,) = it.events("a line of another sort")
    assert isinstance(other, Log) and other.fields == {"message": "a line of another sort"}


def test_the_time_of_a_line_of_an_unknown_sort_is_read() -> None:
    for line in ("2024-05-01 08:00:00,123 INFO dfs.DataNode: x", "[2024/05/01 08:00:00.123] something"):
        event = log(line)
        assert event.ts == 1714521600.123 and event.fields == {"message": line}


def test_a_table_whose_head_stands_in_fields_between_commas() -> None:
    it = reader()
    for line in (
        "#Software: Microsoft Exchange Server",
        "#Log-type: Message Tracking Log",
        "#Fields: date-time,client-ip,event-id",
    ):
        assert it.events(line) == []
    (event,) = it.events("2024-05-01T00:00:00.000Z,198.51.100.7,RECEIVE")
    assert isinstance(event, Log)
    assert event.fields == {
        "date-time": "2024-05-01T00:00:00.000Z",
        "client-ip": "198.51.100.7",
        "event-id": "RECEIVE",
    }


def test_a_document_of_a_search_engine_is_what_it_holds() -> None:
    event = log(
        json.dumps({"_index": "x", "_source": {"EventID": 1102, "Channel": "Security", "Computer": "dc"}})
    )
    assert (event.product, event.service, event.host) == ("windows", "security", "dc")


EVENT_XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Security-Auditing'/><EventID Qualifiers=''>4625</EventID>"
    "<TimeCreated SystemTime='2024-05-01T00:00:00.0000000Z'/><Channel>Security</Channel><Computer>dc1</Computer></System>"
    "<EventData><Data Name='TargetUserName'>admin</Data><Data Name='IpAddress'>198.51.100.7</Data></EventData></Event>"
)


@pytest.mark.parametrize("header", ["", "<13>May  1 08:00:00 dc1 forwarder: "])
def test_windows_events_as_xml(header: str) -> None:
    event, auth = reader().events(header + EVENT_XML)
    assert isinstance(event, Log) and isinstance(auth, Auth)
    assert (event.ts, event.host, event.service) == (1714521600.0, "dc1", "security")
    assert (event.fields["EventID"], event.fields["Provider_Name"]) == (
        4625,
        "Microsoft-Windows-Security-Auditing",
    )
    assert (auth.user, auth.src, auth.success) == ("admin", "198.51.100.7", False)


@pytest.mark.parametrize(
    "line",
    [
        "<Event><!DOCTYPE x></Event>",
        "<Event><a></Event>",
        "<Event>" + "<a>" * 5000 + "</Event>",
        "<Event>" + "<a>" * 4000 + "</a>" * 4000 + "</Event>",
        "<Event></Event>",
    ],
)
def test_damaged_xml_is_a_message(line: str) -> None:
    assert len(reader().events(line)) == 1


def test_a_format_asked_for_is_the_only_one_tried() -> None:
    it = reader("squid")
    (event,) = it.events('{"ts":1,"uid":"C","_path":"conn"}')
    assert isinstance(event, Log) and event.product is None
    assert it.unexplained == {"other": 1}
