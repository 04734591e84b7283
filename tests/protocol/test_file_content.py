"""File contents: counted and hashed in order, known by their first bytes."""

from __future__ import annotations

from hashlib import md5, sha1

import pytest

from sentinel.protocol.file_content import FileContent, file_id

WHOSE = {"uid": "C1", "orig_h": "192.0.2.1", "orig_p": 1, "resp_h": "192.0.2.2", "resp_p": 445}
TEXT = b"district plan\n" * 200


def content(total=None, limit=1 << 20):
    return FileContent("F1", "SMB", False, total, limit)


@pytest.mark.parametrize("size", [1, 7, 512, 5000])
def test_pieces_in_order(size):
    file = content(len(TEXT))
    for at in range(0, len(TEXT), size):
        file.seek(at)
        file.take(TEXT[at : at + size], 10.0 + at)
    event = file.event(WHOSE, "plan.txt", True)
    assert (event.seen_bytes, event.total_bytes, event.missing_bytes) == (len(TEXT), len(TEXT), 0)
    assert (event.md5, event.sha1) == (md5(TEXT).hexdigest(), sha1(TEXT).hexdigest())
    assert (event.mime_type, event.filename, event.ts) == ("text/plain", "plan.txt", 10.0)
    assert event.analyzers == ["MD5", "SHA1"] and not event.timedout


def test_what_comes_twice_counts_once():
    file = content()
    for at in (0, 0, 100, 50):
        file.seek(at)
        file.take(TEXT[at : at + 100], 1.0)
    event = file.event(WHOSE, None, True)
    assert (event.seen_bytes, event.md5) == (200, md5(TEXT[:200]).hexdigest())


def test_holes_are_counted_and_spoil_the_hash():
    file = content()
    file.take(TEXT[:100], 1.0)
    file.lost(50)
    file.take(TEXT[150:200], 2.0)
    event = file.event(WHOSE, None, False)
    assert (event.seen_bytes, event.missing_bytes, event.md5, event.timedout) == (150, 50, None, True)


def test_no_hash_of_a_part_or_of_what_is_too_long():
    part = content(total=1000)
    part.take(TEXT[:999], 1.0)
    assert part.event(WHOSE, None, True).md5 is None
    for total in (None, 51):
        long = content(total, limit=50)
        long.take(TEXT[:51], 1.0)
        assert long.event(WHOSE, None, True).sha1 is None
    assert content(limit=0).event(WHOSE, None, True) is None


def test_a_file_begun_in_the_middle_has_no_type():
    file = content()
    file.seek(4096)
    file.take(b"MZ" + bytes(100), 1.0)
    assert file.event(WHOSE, None, True).mime_type is None


def test_ids_are_zeeks_and_the_same_at_every_replay():
    ids = {file_id("C1", number) for number in range(1000)}
    assert len(ids) == 1000 and all(len(one) == 18 and one[0] == "F" and one.isalnum() for one in ids)
    assert file_id("C1", 7) == file_id("C1", 7) != file_id("C2", 7)
