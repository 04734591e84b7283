"""`ftp`: one FTP command with its reply (Zeek's ftp.log)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from sentinel.event.event import FlowEvent

__all__ = ["Ftp"]


class Ftp(FlowEvent, kw_only=True):
    """A command that moves, deletes or announces data, or a refused log-in (PASS answered by 530)."""

    kind: ClassVar[str] = "ftp"

    user: str | None = None
    """`<unknown>` where none was given."""
    password: str | None = None
    """`<hidden>` unless the user is a guest or passwords are wanted."""
    command: str
    arg: str | None = None
    """For commands on files the whole URL, from the current directory."""
    mime_type: str | None = None
    fuid: str | None = None
    """Of the `files` event that tells the content moved."""
    file_size: int | None = None
    """Bytes, as the server says."""
    reply_code: int | None = None
    reply_msg: str | None = None
    data_channel_passive: bool | None = msgspec.field(name="data_channel.passive", default=None)
    """The client opens the data connection."""
    data_channel_orig_h: str | None = msgspec.field(name="data_channel.orig_h", default=None)
    data_channel_resp_h: str | None = msgspec.field(name="data_channel.resp_h", default=None)
    data_channel_resp_p: int | None = msgspec.field(name="data_channel.resp_p", default=None)
