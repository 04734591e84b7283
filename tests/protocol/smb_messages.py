"""SMB 2 messages (MS-SMB2 section 2.2) and SMB 1's (MS-CIFS section 2.2.4) written by hand for tests."""

from __future__ import annotations

import struct

FILE = bytes(range(16))
ANY = b"\xff" * 16


def framed(*messages: bytes) -> bytes:
    return b"".join(b"\0" + len(message).to_bytes(3, "big") + message for message in messages)


def smb2(
    command: int,
    body: bytes,
    ident: int,
    response: bool = False,
    status: int = 0,
    tree: int = 5,
    step: int = 0,
) -> bytes:
    flags = 1 if response else 0
    head = struct.pack(
        "<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 1, status, command, 1, flags, step, ident, 0, tree, 9, b""
    )
    return head + body


def compound(*messages: bytes) -> bytes:
    """Messages in one; each is padded to 8 bytes and says where the next begins."""
    whole = b""
    for place, message in enumerate(messages):
        if place < len(messages) - 1:
            message += b"\0" * (-len(message) % 8)
            message = message[:20] + struct.pack("<I", len(message)) + message[24:]
        whole += message
    return whole


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def negotiate(salt: bytes = b"s" * 32, compression: bool = True, first: int = 0x0210) -> bytes:
    context = struct.pack("<HHI", 1, 6 + len(salt), 0) + struct.pack("<HHH", 1, len(salt), 1) + salt
    context += b"\0" * (-len(context) % 8)
    if compression:
        context += struct.pack("<HHI", 3, 10, 0) + struct.pack("<HHIH", 1, 0, 0, 1)
    body = struct.pack("<HHHHI16sIHH", 36, 2, 1, 0, 0x7F, b"guid", 64 + 40, 1 + compression, 0)
    return smb2(0, body + struct.pack("<HH", first, 0x0311) + context, 0)


def session(token: bytes, ident: int) -> bytes:
    return smb2(1, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token, ident)


def session_answer(token: bytes, ident: int, status: int = 0) -> bytes:
    return smb2(1, struct.pack("<HHHH", 9, 0, 72, len(token)) + token, ident, True, status)


def connect(path: str, ident: int) -> bytes:
    return smb2(3, struct.pack("<HHHH", 9, 0, 72, len(utf16(path))) + utf16(path), ident, tree=0)


def connected(ident: int, kind: int = 1, status: int = 0) -> bytes:
    return smb2(3, struct.pack("<HBBIII", 16, kind, 0, 0, 0, 0), ident, True, status)


def create(name: str, ident: int, options: int = 0) -> bytes:
    body = struct.pack(
        "<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0, 0, 7, 1, options, 120, len(utf16(name)), 0, 0
    )
    return smb2(5, body + (utf16(name) or b"\0"), ident)


def created(
    ident: int, size: int = 0, key: bytes = FILE, status: int = 0, modified: float = 1_600_000_000
) -> bytes:
    time = int((modified + 11_644_473_600) * 10_000_000)
    body = struct.pack("<HBBIQQQQQQII", 89, 0, 0, 1, time - 30, time + 10, time, time + 20, size, size, 0, 0)
    return smb2(5, body + key + bytes(8), ident, True, status)


def read(ident: int, offset: int = 0, size: int = 65536, key: bytes = FILE) -> bytes:
    return smb2(8, struct.pack("<HBBIQ", 49, 0, 0, size, offset) + key + bytes(17), ident)


def read_answer(content: bytes, ident: int, status: int = 0) -> bytes:
    return smb2(8, struct.pack("<HBBIII", 17, 80, 0, len(content), 0, 0) + content, ident, True, status)


def write(content: bytes, ident: int, offset: int = 0, key: bytes = FILE) -> bytes:
    return smb2(9, struct.pack("<HHIQ", 49, 112, len(content), offset) + key + bytes(16) + content, ident)


def close(ident: int, key: bytes = FILE) -> bytes:
    return smb2(6, struct.pack("<HHI", 24, 0, 0) + key, ident)


def done(command: int, ident: int) -> bytes:
    return smb2(command, struct.pack("<HH", 4, 0), ident, True)


def set_info(kind: int, value: bytes, ident: int, key: bytes = FILE) -> bytes:
    return smb2(17, struct.pack("<HBBIHHI", 33, 1, kind, len(value), 96, 0, 0) + key + value, ident)


def rename(name: str, ident: int) -> bytes:
    return set_info(10, struct.pack("<B7xQI", 0, 0, len(utf16(name))) + utf16(name), ident)


def transceive(content: bytes, ident: int, key: bytes = FILE) -> bytes:
    body = (
        struct.pack("<HHI", 57, 0, 0x0011C017)
        + key
        + struct.pack("<IIIIIIII", 120, len(content), 0, 0, 0, 1024, 1, 0)
    )
    return smb2(11, body + content, ident)


def transceived(content: bytes, ident: int, key: bytes = FILE, status: int = 0) -> bytes:
    body = (
        struct.pack("<HHI", 49, 0, 0x0011C017) + key + struct.pack("<IIIIII", 112, 0, 112, len(content), 0, 0)
    )
    return smb2(11, body + content, ident, True, status)


def smb1(
    command: int, words: bytes, content: bytes = b"", reply: bool = False, status: int = 0, multiplex: int = 1
) -> bytes:
    head = struct.pack(
        "<4sBIBHHQHHHHH",
        b"\xffSMB",
        command,
        status,
        0x80 if reply else 0,
        0xC001,
        0,
        0,
        0,
        8,
        77,
        3,
        multiplex,
    )
    return head + bytes([len(words) // 2]) + words + struct.pack("<H", len(content)) + content
