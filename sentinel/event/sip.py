"""`sip`: one SIP response with the request it answers (Zeek's sip.log)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import FlowEvent

__all__ = ["Sip"]


class Sip(FlowEvent, kw_only=True):
    """Written for each response, and for a request that had none."""

    kind: ClassVar[str] = "sip"

    trans_depth: int
    """Always 0, as in Zeek."""
    method: str | None = None
    uri: str | None = None
    date: str | None = None
    request_from: str | None = None
    """Without its `tag`."""
    request_to: str | None = None
    response_from: str | None = None
    response_to: str | None = None
    reply_to: str | None = None
    call_id: str | None = None
    seq: str | None = None
    """CSeq."""
    subject: str | None = None
    request_path: list[str] | None = None
    """Via headers, without their `branch`."""
    response_path: list[str] | None = None
    user_agent: str | None = None
    status_code: int | None = None
    status_msg: str | None = None
    warning: str | None = None
    request_body_len: int | None = None
    response_body_len: int | None = None
    content_type: str | None = None
    """Of the response."""
