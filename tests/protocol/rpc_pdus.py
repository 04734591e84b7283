"""DCE-RPC's PDUs (C706 chapter 12) written by hand for tests."""

from __future__ import annotations

import struct
from uuid import UUID

SVCCTL = UUID("367abb81-9844-35f1-ad32-98f038001003")
EPMAPPER = UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa")
NDR = UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")


def pdu(
    kind: int, body: bytes, call: int = 1, flags: int = 3, token: bytes = b"", auth: int = 10, level: int = 5
) -> bytes:
    tail = struct.pack("<BBBBI", auth, level, 0, 0, 1) + token if token else b""
    size = 16 + len(body) + len(tail)
    return struct.pack("<BBBB4sHHI", 5, 0, kind, flags, b"\x10\0\0\0", size, len(token), call) + body + tail


def bind(*interfaces: UUID, kind: int = 11, **more: object) -> bytes:
    body = struct.pack("<HHIBBH", 4280, 4280, 0, len(interfaces), 0, 0)
    for place, interface in enumerate(interfaces):
        body += struct.pack("<HBB16sI16sI", place, 1, 0, interface.bytes_le, 2, NDR.bytes_le, 2)
    return pdu(kind, body, **more)  # type: ignore[arg-type]


def bound(address: str = "\\PIPE\\svcctl", kind: int = 12, **more: object) -> bytes:
    raw = address.encode() + b"\0"
    body = struct.pack("<HHIH", 4280, 4280, 7, len(raw)) + raw
    body += b"\0" * (-len(body) % 4) + struct.pack("<BBHHH16sI", 1, 0, 0, 0, 0, NDR.bytes_le, 2)
    return pdu(kind, body, **more)  # type: ignore[arg-type]


def call(
    opnum: int, stub: bytes = b"", ident: int = 1, context: int = 0, flags: int = 3, **more: object
) -> bytes:
    return pdu(0, struct.pack("<IHH", len(stub), context, opnum) + stub, ident, flags, **more)  # type: ignore[arg-type]


def answer(
    stub: bytes = b"\0" * 4, ident: int = 1, context: int = 0, flags: int = 3, **more: object
) -> bytes:
    return pdu(2, struct.pack("<IHBB", len(stub), context, 0, 0) + stub, ident, flags, **more)  # type: ignore[arg-type]


def fault(status: int, ident: int = 1) -> bytes:
    return pdu(3, struct.pack("<IHBBII", 0, 0, 0, 0, status, 0), ident)


def tower(interface: UUID, port: int = 0) -> bytes:
    floors = struct.pack("<H", 5)
    floors += struct.pack("<HB16sHHH", 19, 0x0D, interface.bytes_le, 2, 2, 0)
    floors += struct.pack("<HB16sHHH", 19, 0x0D, NDR.bytes_le, 2, 2, 0)
    floors += struct.pack("<HBHH", 1, 0x0B, 2, 0) + struct.pack("<HBH", 1, 7, 2) + struct.pack(">H", port)
    return floors + struct.pack("<HBH", 1, 9, 4) + bytes(4)
