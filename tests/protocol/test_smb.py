"""SMB 2 and 3: shares, files and their content, pipes, log-ins, compounds, compression, holes."""

from __future__ import annotations

import struct
from hashlib import sha1

import pytest
from ntlm_messages import authenticate, challenge, initial, response
from ntlm_messages import negotiate as ntlm_negotiate
from rpc_pdus import SVCCTL, answer, bind, bound, call
from smb_messages import (
    ANY,
    FILE,
    close,
    compound,
    connect,
    connected,
    create,
    created,
    done,
    framed,
    negotiate,
    read,
    read_answer,
    rename,
    session,
    session_answer,
    set_info,
    smb2,
    transceive,
    transceived,
    write,
)

from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.smb import WATCHED_SEALED, Smb
from sentinel.protocol.smb2 import MAX_PENDING
from sentinel.protocol.smb_share import MAX_FILES, MAX_TREES

SHARE = "\\\\fs1\\plans"
LOG_IN = [
    (True, framed(negotiate(), session(initial(ntlm_negotiate()), 1))),
    (False, framed(session_answer(response(challenge(), 1), 1, 0xC0000016))),
    (True, framed(session(response(authenticate()), 2))),
    (False, framed(session_answer(response(state=0), 2))),
]
CONNECT = [(True, framed(connect(SHARE, 3))), (False, framed(connected(3)))]
OPEN = [(True, framed(create("a\\b.txt", 4))), (False, framed(created(4, size=3000)))]


def actions(wire):
    return [(e.action.removeprefix("SMB::"), e.name) for e in wire.of("smb_files")]


def test_a_file_is_read(speak):
    content = b"secret plan\n" * 250
    talk = [
        *LOG_IN,
        *CONNECT,
        *OPEN,
        (True, framed(read(5, 0), read(6, 2000))),
        (False, framed(read_answer(content[:2000], 5), read_answer(content[2000:], 6))),
        (True, framed(close(7))),
    ]
    wire = speak(Smb, talk)
    (mapping,), (login,), (file,) = wire.of("smb_mapping"), wire.of("ntlm"), wire.of("files")
    assert (mapping.path, mapping.share_type, login.username, login.success) == (SHARE, "DISK", "alice", True)
    opened, began, ended = wire.of("smb_files")
    assert (opened.action, opened.path, opened.name, opened.size) == (
        "SMB::FILE_OPEN",
        SHARE,
        "a\\b.txt",
        3000,
    )
    assert opened.times_modified == 1_600_000_000.0 and opened.times_created < opened.times_changed
    assert began.action == ended.action == "SMB::FILE_READ" and began.fuid is None and ended.fuid == file.fuid
    assert (file.source, file.filename, file.is_orig, file.seen_bytes) == ("SMB", "a\\b.txt", False, 3000)
    assert file.sha1 == sha1(content).hexdigest() and not file.timedout
    assert wire.services == ["ntlm", "gssapi"] and wire.weirds == {}


def test_a_file_is_written_renamed_and_deleted(speak):
    talk = [
        *CONNECT,
        *OPEN,
        (True, framed(write(b"x" * 5000, 5), write(b"y" * 10, 6, offset=5000))),
        (True, framed(rename("a\\b.txt.locked", 7), set_info(4, bytes(40), 8), set_info(13, b"\1", 9))),
        (True, framed(set_info(13, b"\0", 10), close(11))),
    ]
    wire = speak(Smb, talk)
    assert actions(wire) == [
        ("FILE_OPEN", "a\\b.txt"),
        ("FILE_WRITE", "a\\b.txt"),
        ("FILE_RENAME", "a\\b.txt.locked"),
        ("FILE_SET_ATTRIBUTE", "a\\b.txt.locked"),
        ("FILE_DELETE", "a\\b.txt.locked"),
        ("FILE_WRITE", "a\\b.txt.locked"),
    ]
    assert wire.of("smb_files")[2].prev_name == "a\\b.txt"
    (file,) = wire.of("files")
    assert (file.seen_bytes, file.is_orig, file.total_bytes) == (5010, True, None)


def test_deleted_as_it_is_closed_and_the_root(speak):
    talk = [
        *CONNECT,
        (True, framed(create("x", 4, options=0x1000), create("", 5))),
        (False, framed(created(4), created(5, key=ANY[:8] + FILE[:8]))),
    ]
    assert actions(speak(Smb, talk)) == [
        ("FILE_OPEN", "x"),
        ("FILE_DELETE", "x"),
        ("FILE_OPEN", "<share_root>"),
    ]


def test_refusals_are_not_told(speak):
    talk = [
        (True, framed(connect(SHARE, 3), create("a", 4))),
        (False, framed(connected(3, status=0xC0000022), created(4, status=0xC0000034))),
        (True, framed(read(5), write(b"x", 6), close(7), rename("y", 8))),
    ]
    assert speak(Smb, talk).events == []


def test_failed_log_ins(speak):
    talk = [
        (True, framed(session(initial(ntlm_negotiate()), 1))),
        (False, framed(session_answer(response(challenge(), 1), 1, 0xC0000016))),
        (True, framed(session(response(authenticate("root")), 2))),
        (False, framed(session_answer(b"", 2, 0xC000006D))),
    ]
    (login,) = speak(Smb, talk * 2).of("ntlm")[:1]
    assert (login.username, login.success) == ("root", False)
    assert len(speak(Smb, talk * 2).of("ntlm")) == 2


def test_opened_again_and_again_is_told_once(speak):
    again = [(True, framed(create("a", 4))), (False, framed(created(4))), (True, framed(close(5)))]
    assert actions(speak(Smb, CONNECT + again * 5)) == [("FILE_OPEN", "a")]


def test_calls_over_a_pipe(speak):
    pipe = [(True, framed(connect("\\\\dc1\\IPC$", 3), create("svcctl", 4)))]
    pipe += [(False, framed(connected(3, kind=2), created(4)))]
    talk = [
        *pipe,
        (True, framed(write(bind(SVCCTL), 5), read(6))),
        (False, framed(read_answer(bound(), 6))),
        (True, framed(transceive(call(12, b"%COMSPEC%"), 7))),
        (False, framed(transceived(answer(), 7))),
        (True, framed(transceive(call(19, ident=2), 8), close(9))),
    ]
    wire = speak(Smb, talk)
    assert actions(wire) == [("PIPE_OPEN", "svcctl")] and wire.of("files") == []
    first, second = wire.of("dce_rpc")
    assert (first.named_pipe, first.endpoint, first.operation) == (
        "\\PIPE\\svcctl",
        "svcctl",
        "CreateServiceW",
    )
    assert first.stub == b"%COMSPEC%" and first.rtt is not None
    assert (second.operation, second.rtt) == ("StartServiceW", None)


def test_a_long_answer_of_a_pipe_is_read_in_two_parts(speak):
    long = answer(b"z" * 3000)
    talk = [
        (True, framed(connect("\\\\dc1\\IPC$", 3), create("svcctl", 4))),
        (False, framed(connected(3, kind=2), created(4))),
        (True, framed(transceive(bind(SVCCTL) + call(12), 5))),
        (False, framed(transceived(bound() + long[:1024], 5, status=0x80000005))),
        (True, framed(read(6))),
        (False, framed(read_answer(long[1024:], 6))),
        (True, framed(transceive(call(19, ident=2), 7))),
        (False, framed(transceived(answer(ident=2), 7))),
    ]
    wire = speak(Smb, talk)
    assert [e.operation for e in wire.of("dce_rpc")] == [
        "CreateServiceW",
        "StartServiceW",
    ] and wire.weirds == {}


def test_compounds(speak):
    talk = [
        *CONNECT,
        (True, framed(compound(create("a.txt", 4), write(b"hello", 5, key=ANY), close(6, ANY)))),
        (False, framed(compound(created(4), done(9, 5), done(6, 6)))),
        (True, framed(compound(create("b.txt", 7), read(8, key=ANY)))),
        (False, framed(compound(created(7, size=5), read_answer(b"world", 8)))),
        (True, framed(close(9))),
    ]
    wire = speak(Smb, talk)
    assert actions(wire) == [
        ("FILE_OPEN", "a.txt"),
        ("FILE_WRITE", "a.txt"),
        ("FILE_WRITE", "a.txt"),
        ("FILE_OPEN", "b.txt"),
        ("FILE_READ", "b.txt"),
        ("FILE_READ", "b.txt"),
    ]
    assert [(e.filename, e.seen_bytes, e.is_orig) for e in wire.of("files")] == [
        ("a.txt", 5, True),
        ("b.txt", 5, False),
    ]


def test_an_interim_answer_keeps_the_request(speak):
    talk = [(True, framed(create("a", 4))), (False, framed(created(4, status=0x103), created(4)))]
    assert actions(speak(Smb, talk)) == [("FILE_OPEN", "a")]


def compressed(original, offset, flags=0, body=b"x" * 64):
    return b"\xfcSMB" + struct.pack("<IHHI", original, 1, flags, offset) + body


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (compressed(0xFFFFFFFF, 0), True),
        (compressed(0x40, 0xFFFFFFFF), True),
        (compressed(0x1000, 64), False),
        (compressed(0x1000, 5000, flags=1), False),
    ],
)
def test_lengths_of_compressed_messages(speak, message, told):
    wire = speak(Smb, [(True, framed(message))])
    assert ("SMB2_compression_overflow" in wire.weirds) is told


def test_the_probe_for_compression_has_no_salt_or_offers_drafts(speak):
    for probe in (negotiate(bytes(32)), negotiate(first=0x0222)):
        assert "SMB2_compression_probe" in speak(Smb, [(True, framed(probe))]).weirds
    for ordinary in (negotiate(), negotiate(bytes(32), False), negotiate(b""), negotiate(first=0x0300)):
        assert speak(Smb, [(True, framed(ordinary))]).weirds == {}


def test_what_is_only_encrypted_is_let_go(wire):
    analyzer = Smb(wire, wire.events.append, ProtocolSettings())
    sealed = framed(b"\xfdSMB" + bytes(60), b"\xfdSMB" + bytes(2000))
    analyzer.feed(True, sealed * (WATCHED_SEALED // 2), 1.0)
    assert not analyzer.done
    analyzer.feed(False, sealed, 1.0)
    assert analyzer.done and analyzer.encrypted


def test_holes(wire):
    analyzer = Smb(wire, wire.events.append, ProtocolSettings())
    for is_orig, data in CONNECT + OPEN:
        analyzer.feed(is_orig, data, 1.0)
    written = framed(write(b"x" * 5000, 5))
    analyzer.feed(True, written[:1000], 1.0)
    analyzer.gap(True, 500, 1.0)
    analyzer.feed(True, written[1500:], 1.0)
    analyzer.gap(True, 123, 1.0)
    analyzer.feed(True, b"in the middle of something", 1.0)
    analyzer.feed(True, framed(rename("c.txt", 6), close(7)), 1.0)
    analyzer.finish(2.0)
    assert [action for action, _ in actions(wire)] == ["FILE_OPEN", "FILE_WRITE", "FILE_RENAME", "FILE_WRITE"]
    (file,) = wire.of("files")
    assert (file.seen_bytes, file.missing_bytes, file.md5) == (4500, 500, None)


def test_open_at_the_end_is_told(speak):
    wire = speak(Smb, [*CONNECT, *OPEN, (True, framed(write(b"x", 5)))])
    assert wire.of("files")[0].timedout and actions(wire)[-1] == ("FILE_WRITE", "a\\b.txt")


def test_everything_is_bounded(speak):
    talk = []
    for number in range(MAX_FILES + 5):
        talk += [
            (True, framed(create(f"f{number}", 4))),
            (False, framed(created(4, key=number.to_bytes(16, "big")))),
        ]
    assert "SMB_too_many_open_files" in speak(Smb, talk).weirds
    talk = [(True, framed(*[create("x", ident) for ident in range(MAX_PENDING + 5)]))]
    assert "SMB_discarded_messages_state" in speak(Smb, talk).weirds
    talk = []
    for number in range(MAX_TREES + 5):
        talk += [(True, framed(connect("\\\\a\\b", 3)))]
        talk += [(False, framed(smb2(3, struct.pack("<HBBIII", 16, 1, 0, 0, 0, 0), 3, True, tree=number)))]
    assert "SMB_too_many_trees" in speak(Smb, talk).weirds
    endless = b"\0\xff\xff\xff" + smb2(14, bytes(100), 1, True)
    assert "SMB_message_too_long" in speak(Smb, [(False, endless)]).weirds


def test_netbios_sessions(speak):
    name = b"\x20" + b"EB" * 16 + b"\0"
    request = b"\x81\0\0\x44" + name + name
    wire = speak(Smb, [(True, request), (False, b"\x82\0\0\0"), *CONNECT, *OPEN, (True, b"\x85\0\0\0")])
    assert actions(wire) == [("FILE_OPEN", "a\\b.txt")] and wire.weirds == {}
    assert Smb.recognise(request, True, "tcp") is True
    assert "SMB_unreadable_stream" in speak(Smb, [*CONNECT, (True, b"GET / HTTP/1.1")]).weirds


@pytest.mark.parametrize(
    ("data", "known"),
    [
        (framed(negotiate()), True),
        (b"\0\0\0\x85\xffSMBr", True),
        (b"\0\0\0", None),
        (b"\0\0\0\x10abcdefgh", False),
        (b"\x81\0\0\x44\x20EBEB", True),
        (b"\x81\0\0\x04abcd", False),
    ],
)
def test_recognition(data, known):
    assert Smb.recognise(data, True, "tcp") is known


def test_sturdy(sturdy):
    sturdy(
        Smb,
        [
            *LOG_IN,
            *CONNECT,
            *OPEN,
            (True, framed(read(5), write(b"x" * 1500, 6), rename("c", 7), set_info(13, b"\1", 8))),
            (False, framed(read_answer(b"y" * 1500, 5), done(9, 6))),
            (True, framed(compound(create("a.txt", 9), write(b"hello", 10, key=ANY), close(11, ANY)))),
            (False, framed(compound(created(9, key=FILE[::-1]), done(9, 10), done(6, 11)))),
            (True, framed(connect("\\\\dc1\\IPC$", 12), create("svcctl", 13))),
            (False, framed(connected(12, kind=2), created(13, key=FILE[1:] + b"x"))),
            (True, framed(transceive(bind(SVCCTL) + call(12), 14, key=FILE[1:] + b"x"))),
            (False, framed(transceived(bound() + answer(), 14))),
            (True, framed(b"\xfdSMB" + bytes(1200), compressed(0x1000, 64))),
        ],
    )
