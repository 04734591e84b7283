"""NTLM log-ins, bare and wrapped, of whatever protocol carries them."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ntlm_messages import KERBEROS_MECHANISM, SPNEGO, authenticate, challenge, initial, negotiate, response
from test_kerberos import ticket
from tlv import member, number, sequence, tlv

from sentinel.event import Ntlm
from sentinel.protocol.ntlm import NtlmLogin
from sentinel.protocol.spnego import NegotiationReader


def test_a_log_in(wire):
    login = NtlmLogin(wire, wire.events.append)
    for at, message in enumerate((negotiate(), challenge(), authenticate())):
        assert login.message(message, 10.0 + at)
    assert wire.events == []
    login.concluded(True)
    (event,) = wire.events
    assert isinstance(event, Ntlm)
    assert (event.username, event.domainname, event.hostname) == ("alice", "CITY", "PC-7")
    assert (event.server_nb_computer_name, event.server_dns_computer_name) == ("DC1", "dc1.city.gov")
    assert (event.server_tree_name, event.success, event.ts) == ("city.gov", True, 10.0)
    login.finish()
    assert len(wire.events) == 1


def test_log_ins_one_after_another(wire):
    login = NtlmLogin(wire, wire.events.append)
    for user in ("root", "admin"):
        login.message(negotiate(), 1.0)
        login.message(authenticate(user), 1.0)
        login.concluded(False)
    login.message(negotiate(), 2.0)
    login.message(authenticate("alice"), 2.0)
    login.message(negotiate(), 3.0)
    login.finish()
    assert [(e.username, e.success) for e in wire.events] == [
        ("root", False),
        ("admin", False),
        ("alice", None),
        (None, None),
    ]


def test_old_character_sets_and_anonymous_log_ins(wire):
    login = NtlmLogin(wire, wire.events.append)
    login.message(authenticate("b\xe4cker", unicode=False), 1.0)
    login.finish()
    login.message(authenticate("", "", ""), 1.0)
    login.finish()
    first, second = wire.events
    assert first.username == "b\xe4cker" and (second.username, second.hostname) == (None, None)


def test_list_of_names_without_an_end(wire):
    login = NtlmLogin(wire, wire.events.append)
    login.message(challenge()[:-4], 1.0)
    login.finish()
    assert wire.events[0].server_tree_name == "city.gov"


def test_what_is_no_message(wire):
    login = NtlmLogin(wire, wire.events.append)
    assert not login.message(b"NTLMSSP\0\1", 1.0) and not login.message(b"x" * 40, 1.0)
    assert login.message(b"NTLMSSP\0\x09\0\0\0", 1.0) and wire.weirds == {"NTLM_unknown_message": "9"}
    login.finish()
    assert wire.events == []


def test_wrapped_in_spnego(wire):
    reader = NegotiationReader(wire, wire.events.append)
    for token in (
        initial(negotiate()),
        response(challenge(), 1),
        response(authenticate()),
        response(state=0),
    ):
        reader.token(token, 1.0)
    assert [(e.username, e.server_nb_computer_name, e.success) for e in wire.events] == [
        ("alice", "DC1", True)
    ]
    assert wire.services == ["ntlm", "gssapi"]


def test_refused_by_either_layer(wire):
    reader = NegotiationReader(wire, wire.events.append)
    reader.token(initial(negotiate()), 1.0)
    reader.token(response(authenticate("bob")), 1.0)
    reader.token(response(state=2), 1.0)
    reader.token(negotiate(), 1.0)
    reader.token(authenticate("eve"), 1.0)
    reader.concluded(False)
    assert [(e.username, e.success) for e in wire.events] == [("bob", False), ("eve", False)]


def test_kerberos_inside(wire):
    shown = tlv(
        0x6E,
        sequence(member(0, number(5)), member(1, number(14)), member(3, ticket("cifs", "fs1", cipher=18))),
    )
    reader = NegotiationReader(wire, wire.events.append)
    reader.token(initial(tlv(0x60, tlv(6, KERBEROS_MECHANISM), b"\1\0", shown), KERBEROS_MECHANISM), 1.0)
    (event,) = wire.events
    assert (event.kind, event.request_type, event.service) == ("kerberos", "AP", "cifs/fs1")
    assert wire.services == ["krb", "gssapi"]


def test_wrappers_without_end_are_not_followed(wire):
    token = negotiate()
    for _ in range(2000):
        token = tlv(0x60, tlv(6, SPNEGO), tlv(0xA0, tlv(0x30, tlv(0xA2, tlv(4, token)))))
    NegotiationReader(wire, wire.events.append).token(token, 1.0)
    assert wire.events == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_never_raises(wire, data):
    reader = NegotiationReader(wire, wire.events.append)
    talk = (negotiate(), challenge(), authenticate(), initial(negotiate()), response(challenge(), 1))
    for message in data.draw(st.lists(st.sampled_from(talk), max_size=4)):
        damaged = bytearray(message)
        for _ in range(data.draw(st.integers(0, 5))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        reader.token(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]), 1.0)
    reader.finish()
