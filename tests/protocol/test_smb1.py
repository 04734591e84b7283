"""SMB 1: chained commands, files, transactions on pipes, both ways to log in."""

from __future__ import annotations

import struct

from ntlm_messages import authenticate, challenge, initial, negotiate, response
from rpc_pdus import SVCCTL, answer, bind, bound, call
from smb_messages import framed, smb1, utf16

from sentinel.protocol.smb import Smb
from sentinel.protocol.smb1 import MAX_PENDING

CHAIN_END = b"\xff\0\0\0"


def connect(path="\\\\FS1\\PLANS", service=b"?????"):
    content = b"\0" + utf16(path) + b"\0\0" + service + b"\0"  # a password of one byte; 43 bytes before it
    return smb1(0x75, CHAIN_END + struct.pack("<HH", 0, 1), content)


def connected(service=b"A:", system="NTFS"):
    content = service + b"\0"
    at = 32 + 3 + 6 + len(content)
    content += b"\0" * (at & 1) + utf16(system) + b"\0\0"
    return smb1(0x75, CHAIN_END + b"\0\0", content, reply=True)


def create(name, options=0):
    words = CHAIN_END + struct.pack("<BHIIIQIIIIIB", 0, len(utf16(name)), 0, 0, 0, 0, 0, 7, 1, options, 2, 0)
    return smb1(0xA2, words, b"\0" + utf16(name) + b"\0\0")


def created(fid=0x4001, size=3000):
    time = (1_600_000_000 + 11_644_473_600) * 10_000_000
    words = CHAIN_END + struct.pack(
        "<BHIQQQQIQQHHB", 0, fid, 1, time, time, time, time, 0, size, size, 0, 0, 0
    )
    return smb1(0xA2, words.ljust(68, b"\0"), reply=True)


def read(fid=0x4001, offset=0):
    words = CHAIN_END + struct.pack("<HIHHIHI", fid, offset, 4000, 0, 0, 0, 0)
    return smb1(0x2E, words)


def read_answer(content):
    words = CHAIN_END + struct.pack("<HHHHHHII", 0, 0, 0, len(content), 59, 0, 0, 0)
    return smb1(0x2E, words, content, reply=True)


def write(content, fid=0x4001, offset=0):
    words = CHAIN_END + struct.pack("<HIIHHHHHI", fid, offset, 0, 0, 0, 0, len(content), 63, 0)
    return smb1(0x2F, words, content)


def close(fid=0x4001):
    return smb1(0x04, struct.pack("<HI", fid, 0))


def transact(content, fid=0x4001):
    words = struct.pack(
        "<HHHHBBHIHHHHHBBHH", 0, len(content), 0, 1024, 0, 0, 0, 0, 0, 0, 0, len(content), 67, 2, 0, 0x26, fid
    )
    return smb1(0x25, words, content)


def transacted(content, total=None, at=0):
    words = struct.pack("<HHHHHHHHHBB", 0, total or len(content), 0, 0, 0, 0, len(content), 55, at, 0, 0)
    return smb1(0x25, words, content, reply=True)


def actions(wire):
    return [(e.action.removeprefix("SMB::"), e.name) for e in wire.of("smb_files")]


SHARE = [(True, framed(connect())), (False, framed(connected()))]
OPEN = [(True, framed(create("\\a\\b.txt"))), (False, framed(created()))]


def test_a_file_is_read_and_written(speak):
    talk = [
        *SHARE,
        *OPEN,
        (True, framed(read())),
        (False, framed(read_answer(b"x" * 3000))),
        (True, framed(write(b"y" * 2000), close())),
    ]
    wire = speak(Smb, talk)
    (mapping,) = wire.of("smb_mapping")
    assert (mapping.path, mapping.service, mapping.native_file_system) == ("\\\\FS1\\PLANS", "A:", "NTFS")
    assert mapping.share_type == "DISK"
    assert actions(wire) == [
        ("FILE_OPEN", "\\a\\b.txt"),
        ("FILE_READ", "\\a\\b.txt"),
        ("FILE_WRITE", "\\a\\b.txt"),
        ("FILE_READ", "\\a\\b.txt"),
        ("FILE_WRITE", "\\a\\b.txt"),
    ]
    assert [(e.seen_bytes, e.is_orig) for e in wire.of("files")] == [(3000, False), (2000, True)]
    assert wire.of("smb_files")[0].times_modified == 1_600_000_000.0


def test_calls_over_a_pipe(speak):
    long = answer(b"z" * 900, ident=2)
    talk = [
        (True, framed(connect("\\\\DC1\\IPC$", b"IPC"))),
        (False, framed(connected(b"IPC", ""))),
        (True, framed(create("\\svcctl"))),
        (False, framed(created(size=0))),
        (True, framed(write(bind(SVCCTL)), read())),
        (False, framed(read_answer(bound()))),
        (True, framed(transact(call(12)))),
        (False, framed(transacted(answer()))),
        (True, framed(transact(call(19, ident=2)))),
        (False, framed(transacted(long[:500], len(long)), transacted(long[500:], len(long), 500))),
    ]
    wire = speak(Smb, talk)
    assert wire.of("smb_mapping")[0].share_type == "PIPE" and actions(wire) == [("PIPE_OPEN", "\\svcctl")]
    assert [e.operation for e in wire.of("dce_rpc")] == [
        "CreateServiceW",
        "StartServiceW",
    ] and wire.weirds == {}


def session(token):
    words = CHAIN_END + struct.pack("<HHHIHII", 0, 0, 0, 0, len(token), 0, 0)
    return smb1(0x73, words, token)


def session_answer(token, status):
    return smb1(0x73, CHAIN_END + struct.pack("<HH", 0, len(token)), token, reply=True, status=status)


def test_log_in_with_tokens(speak):
    talk = [
        (True, framed(session(initial(negotiate())))),
        (False, framed(session_answer(response(challenge(), 1), 0xC0000016))),
        (True, framed(session(response(authenticate("root"))))),
        (False, framed(session_answer(b"", 0xC000006D))),
    ]
    (login,) = speak(Smb, talk).of("ntlm")
    assert (login.username, login.server_nb_computer_name, login.success) == ("root", "DC1", False)


def test_log_in_with_answers_to_a_challenge_and_a_chained_connect(speak):
    words = struct.pack("<BBHHHHIHHII", 0x75, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0)
    content = b"\0" + b"pw" + utf16("guest") + b"\0\0" + utf16("CITY") + b"\0\0"
    content = b"\0\0\0" + b"\0" * ((32 + 1 + 26 + 2 + 3) & 1) + content[3:]
    following = 32 + 1 + 26 + 2 + len(content)
    second = bytes([4]) + CHAIN_END + struct.pack("<HH", 0, 1)
    inner = b"\0" + b"\0" * ((following + 9 + 2 + 1) & 1) + utf16("\\\\FS1\\X") + b"\0\0A:\0"
    words = words[:2] + struct.pack("<H", following) + words[4:]
    message = smb1(0x73, words, content) + second + struct.pack("<H", len(inner)) + inner
    answered = [(False, framed(smb1(0x73, CHAIN_END + b"\0\0", b"", reply=True), connected()))]
    wire = speak(Smb, [(True, framed(message)), *answered])
    (login,) = wire.of("ntlm")
    assert (login.username, login.domainname, login.success) == ("guest", "CITY", True)
    assert [e.path for e in wire.of("smb_mapping")] == ["\\\\FS1\\X"]


def test_deleted_and_renamed_by_name(speak):
    delete = smb1(0x06, b"\0\0", b"\4" + utf16("\\x.doc") + b"\0\0")
    rename = smb1(
        0x07, b"\0\0", b"\4" + utf16("\\a") + b"\0\0" + b"\4\0" + utf16("\\b") + b"\0\0", multiplex=2
    )
    talk = [
        *SHARE,
        (True, framed(delete, rename)),
        (False, framed(smb1(0x06, b"", reply=True), smb1(0x07, b"", reply=True, multiplex=2))),
    ]
    wire = speak(Smb, talk)
    assert actions(wire) == [("FILE_DELETE", "\\x.doc"), ("FILE_RENAME", "\\b")]
    assert wire.of("smb_files")[1].prev_name == "\\a"


def transaction2(code, parameters, values):
    head = (0, 0, 0, 0, 0, 0, 0, 0, 0, len(parameters), 65, len(values), 65 + len(parameters), 1, 0, code)
    return smb1(0x32, struct.pack("<HHHHBBHIHHHHHBBH", *head), parameters + values)


def test_set_by_number(speak):
    name = utf16("new.txt")
    talk = [
        *SHARE,
        *OPEN,
        (
            True,
            framed(
                transaction2(
                    8, struct.pack("<HHH", 0x4001, 1010, 0), struct.pack("<III", 0, 0, len(name)) + name
                )
            ),
        ),
        (True, framed(transaction2(8, struct.pack("<HHH", 0x4001, 0x102, 0), b"\1"))),
    ]
    assert actions(speak(Smb, talk))[1:] == [("FILE_RENAME", "new.txt"), ("FILE_DELETE", "new.txt")]


def test_the_subcommand_that_nobody_uses(speak):
    assert (
        "SMB1_trans2_session_setup"
        in speak(Smb, [*SHARE, (True, framed(transaction2(14, bytes(12), b"")))]).weirds
    )


def test_pending_requests_are_bounded(speak):
    many = [smb1(0x06, b"\0\0", b"\4x\0", multiplex=number) for number in range(MAX_PENDING + 5)]
    assert "SMB_discarded_messages_state" in speak(Smb, [(True, framed(*many))]).weirds


def test_sturdy(sturdy):
    sturdy(
        Smb,
        [
            (True, framed(session(initial(negotiate())))),
            (False, framed(session_answer(response(challenge(), 1), 0xC0000016))),
            *SHARE,
            *OPEN,
            (True, framed(read(), write(b"y" * 1200))),
            (False, framed(read_answer(b"x" * 1200))),
            (True, framed(transaction2(8, struct.pack("<HHH", 0x4001, 0x102, 0), b"\1"), close())),
            (True, framed(create("\\svcctl"))),
            (False, framed(created())),
            (True, framed(transact(bind(SVCCTL) + call(12)))),
            (False, framed(transacted(bound() + answer()))),
        ],
    )
