from __future__ import annotations

import pytest

from sentinel.protocol.mime import mime_type


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "application/x-dosexec"),
        (b"MZ is a text", "text/plain"),
        (b"\x7fELF\x02\x01\x01", "application/x-executable"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x34", "application/x-java-applet"),
        (b"\xac\xed\x00\x05sr", "application/x-java-serialized-object"),
        (b"PK\x03\x04\x14\x00", "application/zip"),
        (b"%PDF-1.7", "application/pdf"),
        (b"#!/bin/sh\nid\n", "text/x-shellscript"),
        (b"#!/usr/bin/env bash -e\n", "text/x-shellscript"),
        (b"#!/usr/bin/python3\nimport os\n", "text/x-python"),
        (b"#!no interpreter\n", "text/plain"),
        (b"<?php eval($_POST[1]);", "text/x-php"),
        (b'<%@ page import="java.util.*"%>', "text/x-jsp"),
        (b'<?xml version="1.0"?>', "application/xml"),
        (b"\r\n  <!DOCTYPE HTML>", "text/html"),
        (b"\xef\xbb\xbf<html>", "text/html"),
        (b'{"a": 1}', "application/json"),
        (b"[]", "application/json"),
        (b"{curly text", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', "text/plain"),
        ("普通文本".encode(), "text/plain"),
        (b"\x00\x01\x02\x03", None),
        (bytes(257) + b"ustar", "application/x-tar"),
    ],
)
def test_by_first_bytes(data: bytes, expected: str | None) -> None:
    assert mime_type(data) == expected
