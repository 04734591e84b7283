"""DCE-RPC: bindings, calls with their answers, log-ins, the endpoint mapper."""

from __future__ import annotations

from uuid import UUID

import pytest
from ntlm_messages import authenticate, challenge, negotiate
from rpc_pdus import EPMAPPER, SVCCTL, answer, bind, bound, call, fault, pdu, tower

from sentinel.protocol.dce_rpc import DceRpc
from sentinel.protocol.dce_rpc_channel import MAX_CALLS, MAX_STUB, RpcChannel
from sentinel.protocol.dce_rpc_names import INTERFACES, interface_of, operation_name
from sentinel.protocol.endpoint_map import MAX_ENTRIES, EndpointMap, mapped_interface, mapped_port
from sentinel.protocol.settings import ProtocolSettings

WINREG = UUID("338cd001-2244-31f1-aaaa-900038001003")


def told(wire):
    return [(e.named_pipe, e.endpoint, e.operation) for e in wire.of("dce_rpc")]


def test_a_call(speak):
    talk = [(True, bind(SVCCTL)), (False, bound("49667")), (True, call(12, b"stub")), (False, answer())]
    (event,) = speak(DceRpc, talk).events
    assert (event.named_pipe, event.endpoint, event.operation) == ("49667", "svcctl", "CreateServiceW")
    assert event.rtt == pytest.approx(0.001, abs=1e-6) and event.status is None and event.auth_type is None
    assert event.stub == b"stub" and "stub" in event.unwritten


def test_contexts_say_which_interface(speak):
    other = UUID("12345678-1111-2222-3333-444455556666")
    talk = [
        (True, bind(SVCCTL, WINREG)),
        (False, bound()),
        (True, call(22, ident=1, context=1) + call(19, ident=2, context=0)),
        (False, answer(ident=2) + answer(ident=1, context=1)),
        (True, bind(other, kind=14)),
        (False, bound("", kind=15)),
        (True, call(7, ident=3)),
        (False, answer(ident=3)),
    ]
    assert told(speak(DceRpc, talk)) == [
        ("\\PIPE\\svcctl", "svcctl", "StartServiceW"),
        ("\\PIPE\\svcctl", "winreg", "BaseRegSetValue"),
        ("\\PIPE\\svcctl", f"unknown-{other}", "unknown-7"),
    ]


def test_frequent_and_harmless_operations_are_not_told(speak):
    talk = [(True, bind(WINREG) + call(15)), (False, answer()), (True, call(22)), (False, answer())]
    assert [operation for _, _, operation in told(speak(DceRpc, talk))] == ["BaseRegSetValue"]


def test_faults_and_missing_answers(speak):
    talk = [
        (True, bind(SVCCTL) + call(12, ident=1)),
        (False, fault(5)),
        (True, call(2, ident=2) + call(19, ident=2)),
    ]
    wire = speak(DceRpc, talk)
    assert [(e.operation, e.status, e.rtt is None) for e in wire.events] == [
        ("CreateServiceW", 5, False),
        ("DeleteService", None, True),
        ("StartServiceW", None, True),
    ]


def test_fragments_are_one_call(speak):
    request = call(12, b"a" * 10, flags=1) + call(12, b"b" * 10, flags=0) + call(12, b"c" * 5000, flags=2)
    talk = [(True, bind(SVCCTL) + request), (False, answer(flags=1) + answer(flags=2))]
    (event,) = speak(DceRpc, talk).events
    assert event.stub.startswith(b"a" * 10 + b"b" * 10 + b"ccc") and len(event.stub) == MAX_STUB


def test_objects_and_the_other_byte_order(speak):
    with_object = pdu(0, b"\0" * 6 + b"\x0c\0" + b"\x99" * 16 + b"stub", flags=0x83)
    (event,) = speak(DceRpc, [(True, bind(SVCCTL) + with_object)]).events
    assert (event.operation, event.stub) == ("CreateServiceW", b"stub")
    big = b"\5\0\x0b\3\0\0\0\0\0\x48\0\0\0\0\0\1" + b"\x10\xb8\x10\xb8\0\0\0\0\1\0\0\0" + b"\0\0\1\0"
    big += SVCCTL.bytes + b"\0\2\0\0" + b"\0" * 20
    big += b"\5\0\0\3\0\0\0\0\0\x18\0\0\0\0\0\2" + b"\0\0\0\0\0\0\0\x0c"
    assert told(speak(DceRpc, [(True, big)])) == [(None, "svcctl", "CreateServiceW")]


@pytest.mark.parametrize(("said", "success"), [(answer(ident=2), True), (fault(5, ident=2), False)])
def test_log_in(speak, said, success):
    talk = [
        (True, bind(SVCCTL, token=negotiate())),
        (False, bound("49667", token=challenge())),
        (True, pdu(16, bytes(4), token=authenticate("root")) + call(12, b"sealed", ident=2)),
        (False, said),
    ]
    wire = speak(DceRpc, talk)
    (login,), (event,) = wire.of("ntlm"), wire.of("dce_rpc")
    assert (login.username, login.server_nb_computer_name, login.success) == ("root", "DC1", success)
    assert (event.auth_type, event.auth_level) == ("NTLM", "integrity")


def test_sealed_parameters_are_not_kept(speak):
    talk = [
        (
            True,
            bind(SVCCTL, token=negotiate(), level=6) + call(12, b"\x8a\x91" * 20, token=b"s" * 16, level=6),
        )
    ]
    (event,) = speak(DceRpc, talk).of("dce_rpc")
    assert event.stub is None and event.auth_level == "privacy"


def test_refused_binding(speak):
    talk = [(True, bind(SVCCTL, token=authenticate())), (False, pdu(13, b"\x08\0\0\0"))]
    assert [e.success for e in speak(DceRpc, talk).of("ntlm")] == [False]


def test_the_endpoint_mapper_tells_what_a_port_speaks(wire):
    mapper = DceRpc(wire, wire.events.append, ProtocolSettings())
    mapper.feed(True, bind(EPMAPPER) + call(3, tower(SVCCTL)), 1.0)
    mapper.feed(False, bound("135") + answer(tower(SVCCTL, 49667)), 1.0)
    wire.resp_p = 49667
    midway = DceRpc(wire, wire.events.append, ProtocolSettings())
    midway.feed(True, call(12), 2.0)
    midway.finish(3.0)
    assert told(wire) == [("135", "epmapper", "ept_map"), (None, "svcctl", "CreateServiceW")]
    wire.resp_p = 50000
    elsewhere = DceRpc(wire, wire.events.append, ProtocolSettings())
    elsewhere.feed(True, call(12), 2.0)
    elsewhere.finish(3.0)
    assert len(wire.events) == 2


def test_the_map_is_bounded(wire):
    known = EndpointMap.of(wire)
    for number in range(MAX_ENTRIES + 9):
        known.learn("192.0.2.1", number, "x")
    assert known.interface_at("192.0.2.1", 8) is None and known.interface_at("192.0.2.1", 9) == "x"
    assert EndpointMap.of(wire) is known
    assert mapped_interface(tower(SVCCTL)) == str(SVCCTL) and mapped_interface(b"\x13\0\x0d") is None
    assert (
        mapped_port(tower(SVCCTL, 135)) == 135
        and mapped_port(tower(SVCCTL, 0)) is None
        and mapped_port(b"") is None
    )


def test_pipes_without_a_binding(wire):
    channel = RpcChannel(wire, wire.events.append, "winreg")
    channel.feed(True, call(22), 1.0)
    channel.feed(False, answer(), 2.0)
    assert told(wire) == [("winreg", "winreg", "BaseRegSetValue")]


def test_after_a_hole_reading_goes_on_at_the_next_pdu(wire):
    analyzer = DceRpc(wire, wire.events.append, ProtocolSettings())
    analyzer.feed(True, bind(SVCCTL) + call(2, b"x" * 100)[:50], 1.0)
    analyzer.gap(True, 500, 1.0)
    analyzer.feed(True, b"rest of something", 1.0)
    analyzer.feed(True, call(12), 1.0)
    analyzer.finish(2.0)
    assert told(wire) == [(None, "svcctl", "CreateServiceW")]


def test_pending_calls_are_bounded(speak):
    wire = speak(
        DceRpc, [(True, bind(SVCCTL))] + [(True, call(12, ident=ident)) for ident in range(3 * MAX_CALLS)]
    )
    assert len(wire.events) == 3 * MAX_CALLS and "dce_rpc_too_many_pending_calls" in wire.weirds


def test_garbage_ends_it(speak):
    wire = speak(DceRpc, [(True, bind(SVCCTL) + call(12) + b"\xff" * 40), (False, b"x")])
    assert "dce_rpc_unreadable_pdu" in wire.weirds and len(wire.events) == 1


def test_names():
    assert len(INTERFACES) > 80
    assert (
        operation_name(interface_of("12345778-1234-abcd-ef00-0123456789ac"), 13)
        == "SamrEnumerateUsersInDomain"
    )
    assert operation_name(interface_of("e3514235-4b06-11d1-ab04-00c04fc2dcd2"), 3) == "DRSGetNCChanges"
    assert (
        operation_name(interface_of("12345678-1234-abcd-ef00-01234567cffb"), 26) == "NetrServerAuthenticate3"
    )
    assert operation_name(interface_of("86d35949-83c9-4044-b424-db363231fd0c"), 1) == "SchRpcRegisterTask"
    assert operation_name(interface_of("c681d488-d850-11d0-8c52-00c04fd90f7e"), 0) == "EfsRpcOpenFileRaw"
    assert operation_name(interface_of("12345678-1234-abcd-ef00-0123456789ab"), 89) == "RpcAddPrinterDriverEx"
    assert operation_name(interface_of("9556dc99-828c-11cf-a37e-00aa003240c7"), 24) == "ExecMethod"
    assert operation_name(interface_of("1ff70682-0a51-30e8-076d-740be8cee98b"), 0) == "NetrJobAdd"
    assert operation_name(interface_of(str(SVCCTL)), 24) == "CreateServiceA"


@pytest.mark.parametrize(
    ("data", "is_orig", "known"),
    [
        (bind(SVCCTL), True, True),
        (bound(), False, True),
        (call(1), True, True),
        (bind(SVCCTL), False, False),
        (b"\x05\x00", True, None),
        (b"\x05\x01\x00", True, False),
        (b"\x05\x00\x0b\x03\x20\0\0\0\x48\0", True, False),
        (b"\x05\x00\x0b\x03\x10\0\0\0\x05\0", True, False),
    ],
)
def test_recognition(data, is_orig, known):
    assert DceRpc.recognise(data, is_orig, "tcp") is known


def test_sturdy(sturdy):
    sturdy(
        DceRpc,
        [
            (True, bind(SVCCTL, WINREG, token=negotiate())),
            (False, bound(token=challenge())),
            (True, pdu(16, bytes(4), token=authenticate()) + call(12, b"a" * 30, ident=2, flags=1)),
            (True, call(12, b"b" * 30, ident=2, flags=2) + call(22, ident=3, context=1)),
            (False, answer(ident=2) + fault(5, ident=3)),
            (True, bind(EPMAPPER, kind=14) + call(3, tower(SVCCTL), ident=4)),
            (False, bound(kind=15) + answer(tower(SVCCTL, 4000), ident=4)),
        ],
    )
