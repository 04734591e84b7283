"""What bytes are, by how they begin. A few types that rules ask for; Zeek's names for them."""

from __future__ import annotations

from typing import Final

__all__ = ["mime_type"]

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/x-ms-bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"MZ", "application/x-dosexec"),
    (b"\x7fELF", "application/x-executable"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-o-executable"),
    (b"\xca\xfe\xba\xbe", "application/x-java-applet"),
    (b"\xac\xed\x00\x05", "application/x-java-serialized-object"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"Rar!\x1a\x07", "application/x-rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/x-gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS", "application/postscript"),
    (b"{\\rtf", "text/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
    (b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
    (b"FWS", "application/x-shockwave-flash"),
    (b"CWS", "application/x-shockwave-flash"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"wOFF", "application/font-woff"),
    (b"wOF2", "application/font-woff2"),
    (b"\x00asm", "application/wasm"),
    (b"SQLite format 3\x00", "application/x-sqlite3"),
    (b"-----BEGIN PGP", "application/pgp"),
    (b"-----BEGIN ", "application/x-pem"),
    (b"<?php", "text/x-php"),
    (b"<%@", "text/x-jsp"),
    (b"<?xml", "application/xml"),
)
_BY_FIRST: Final[dict[int, tuple[tuple[bytes, str], ...]]] = {
    first: tuple(pair for pair in _MAGIC if pair[0][0] == first) for first in {pair[0][0] for pair in _MAGIC}
}
_HTML: Final = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<title",
    b"<script",
    b"<table",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<meta",
    b"<a ",
    b"<p>",
    b"<form",
)
_INTERPRETERS: Final = (
    (b"python", "text/x-python"),
    (b"perl", "text/x-perl"),
    (b"php", "text/x-php"),
    (b"ruby", "text/x-ruby"),
    (b"lua", "text/x-lua"),
)
_TEXT_BYTES: Final = bytes({7, 8, 9, 10, 12, 13, 27} | set(range(0x20, 0x7F)) | set(range(0x80, 0x100)))
_LOOKED_AT: Final = 512


def mime_type(data: bytes) -> str | None:
    """The media type of a body that begins with `data`, or None for binary data of no known kind."""
    if not data:
        return None
    for magic, name in _BY_FIRST.get(data[0], ()):
        if data.startswith(magic) and (len(magic) > 2 or data[:64].translate(None, _TEXT_BYTES)):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "video/mp4"
    if data[257:262] == b"ustar":
        return "application/x-tar"
    head = data[:_LOOKED_AT]
    if head.translate(None, _TEXT_BYTES):
        return None
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"#!"):
        return _script(head)
    first = head[:1]
    if first == b"<":
        low = head[:64].lower()
        if low.startswith(_HTML):
            return "text/html"
        if low.startswith(b"<!--") and b"<html" in head.lower():
            return "text/html"
    elif first in (b"{", b"["):
        second = head[1:].lstrip()[:1]
        if second in (b'"', b"}", b"{", b"[", b"]", b"-", b"t", b"f", b"n") or second.isdigit():
            return "application/json"
    return "text/plain"


def _script(head: bytes) -> str:
    """By the interpreter that the first line names."""
    line = head.partition(b"\n")[0].rstrip()
    for name, kind in _INTERPRETERS:
        if name in line:
            return kind
    return "text/x-shellscript" if line.endswith(b"sh") or b"sh " in line else "text/plain"
