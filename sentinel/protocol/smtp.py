"""SMTP (RFC 5321): envelopes, headers, names of attachments.

BDAT is RFC 3030, STARTTLS RFC 3207, AUTH RFC 4954. Bodies are not kept: a message's headers up to 64 KiB are,
and the rest is only searched for its end and for the names of attachments.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections import deque
from typing import ClassVar, Final

from sentinel.event.smtp import Smtp as SmtpEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.lines import Lines, printable
from sentinel.protocol.mail_header import (
    decode_words,
    fields,
    filenames_in,
    ip_addresses,
    mail_addresses,
    split_addresses,
)
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.tls import Tls

__all__ = ["Smtp"]

MAX_HEADER: Final = 65_536
MAX_RECIPIENTS: Final = 1000
MAX_PATH: Final = 64
MAX_FILENAMES: Final = 32
MAX_PENDING: Final = 128
MAX_TEXT: Final = 4096
MAX_CHUNK: Final = 1 << 40
CARRY: Final = 1024
"""Bytes of a body looked at again with the next piece, so that no name is cut in two."""

_COMMAND, _DATA, _BDAT, _AUTH = range(4)
_GREETING = "<init>"
_END = "."
_REPLY: Final = re.compile(rb"^([2-5]\d\d)(?:([ -])(.*))?$", re.S)
_HELLO: Final = re.compile(rb"^(?:EHLO|HELO|LHLO)(?: |\r?\n)", re.I)
_HELLOS: Final = (b"EHLO", b"HELO", b"LHLO")
_TEXT_FIELDS: Final = {
    "MESSAGE-ID": "msg_id",
    "IN-REPLY-TO": "in_reply_to",
    "SUBJECT": "subject",
    "FROM": "from_",
    "REPLY-TO": "reply_to",
    "DATE": "date",
    "X-MAILER": "user_agent",
    "USER-AGENT": "user_agent",
    "X-USER-AGENT": "user_agent",
}


def _mail_address(text: str) -> str | None:
    """The address in `FROM:<a@b>` or `TO:a@b`; None for the empty path."""
    inside = re.search(r"<([^<>]*)>", text)
    if inside is not None:
        return inside[1].rpartition(":")[2].strip() or None  # without a source route
    found = mail_addresses(text)
    return found[0] if found else text.strip().partition(" ")[0] or None


def _secretless(datum: str) -> list[str]:
    """Fields of a base64 datum, split at NUL; none where it is no base64."""
    try:
        return printable(b64decode(datum.encode("ascii", "replace"), validate=True)[:512]).split("\0")
    except (binascii.Error, ValueError):
        return []


class Smtp(Analyzer):
    """One SMTP connection."""

    __slots__ = (
        "_active",
        "_auth_lines",
        "_auth_mechanism",
        "_carry",
        "_chunk",
        "_depth",
        "_header",
        "_helo",
        "_last_chunk",
        "_lines",
        "_mail",
        "_mode",
        "_pending",
        "successor",
    )

    service: ClassVar[str] = "smtp"
    ports: ClassVar[frozenset[int]] = frozenset({25, 587, 2525})
    first_bytes = frozenset(b"2EHLehl")
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self.successor: type[Analyzer] | None = None
        self._lines = (Lines(), Lines())
        self._active = False
        """Something worth telling happened in the transaction."""
        self._mode = _COMMAND
        self._pending: deque[str] = deque([_GREETING])
        self._helo: str | None = None
        self._depth = 1
        self._mail: SmtpEvent | None = None
        self._header: bytearray | None = None
        self._carry = b""
        self._chunk = 0
        self._last_chunk = False
        self._auth_mechanism = ""
        self._auth_lines = 0

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A client that says EHLO or HELO, or a greeting that says SMTP or is followed by 250."""
        if is_orig:
            if len(data) < 5:
                return None if any(word.startswith(data[:4].upper()) for word in _HELLOS) else False
            return _HELLO.match(data) is not None
        if not b"220".startswith(data[:3]):
            return False
        first, _, rest = data.partition(b"\n")
        if b"SMTP" in first.upper():
            return True
        return True if rest.startswith((b"250-", b"250 ")) else None

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order."""
        if self.done:
            return
        if is_orig:
            self._from_client(data, ts)
            return
        lines = self._lines[0]
        lines.push(data)
        while not self.done and (line := lines.pop()) is not None:
            self._answer(line, ts)

    def _from_client(self, data: bytes, ts: float) -> None:
        lines = self._lines[1]
        while not self.done:
            if self._mode == _DATA:
                data = self._data(data, ts)
            elif self._mode == _BDAT:
                data = self._bdat(data, ts)
            if self._mode in (_DATA, _BDAT):
                return
            lines.push(data)
            data = b""
            line = lines.pop()
            if line is None:
                return
            if self._mode == _AUTH:
                self._auth_datum(printable(line[:1024]).strip())
            else:
                self._request(printable(line[:MAX_TEXT]), ts)
            if self._mode in (_DATA, _BDAT):
                data = lines.take()

    # -- commands and replies -----------------------------------------------------------------------

    def _record(self, ts: float) -> SmtpEvent:
        """The transaction at hand."""
        if self._mail is None:
            flow = self.flow
            self._mail = SmtpEvent(
                ts=ts,
                uid=flow.uid,
                orig_h=flow.orig_h,
                orig_p=flow.orig_p,
                resp_h=flow.resp_h,
                resp_p=flow.resp_p,
                trans_depth=self._depth,
                helo=self._helo,
                path=[flow.resp_h, flow.orig_h],
                tls=False,
            )
        return self._mail

    def _tell(self, mail: SmtpEvent) -> None:
        """Emit the transaction if anything happened in it, and begin another."""
        if self._active or mail.tls or mail.auth_success is False:
            self._read_header()
            self.emit(mail)
            self._mail = None
        self._active = False
        self._header = None

    def _request(self, line: str, ts: float) -> None:
        name, _, arg = line.strip().partition(" ")
        name, arg = name.upper()[:16], arg.strip()
        if not name:
            return
        mail = self._record(ts)
        if len(self._pending) < MAX_PENDING:
            self._pending.append(name)
        if name in ("EHLO", "HELO", "LHLO"):
            self._helo = mail.helo = arg
        elif name == "MAIL" and arg[:5].upper() == "FROM:":
            self._tell(mail)  # in case its acknowledgement was missed
            mail = self._record(ts)
            mail.mailfrom = _mail_address(arg[5:])
            self._active = True
        elif name == "RCPT" and arg[:3].upper() == "TO:":
            self._add_recipient(mail, _mail_address(arg[3:]), ts)
        elif name == "DATA":
            self._begin_body(_DATA)
        elif name == "BDAT":
            self._begin_chunk(arg, ts)
        elif name == "AUTH":
            self._begin_auth(mail, arg)

    def _add_recipient(self, mail: SmtpEvent, address: str | None, ts: float) -> None:
        self._active = True
        known = mail.rcptto = mail.rcptto if mail.rcptto is not None else []
        if address is None or address in known:
            return
        if len(known) >= MAX_RECIPIENTS:
            self.flow.weird("smtp_too_many_rcptto_addresses", ts, None, "SMTP")
            return
        known.append(address)

    def _answer(self, line: bytes, ts: float) -> None:
        found = _REPLY.match(line)
        if found is None:
            return
        code, more, text = int(found[1]), found[2] == b"-", printable(found[3] or b"")[:MAX_TEXT]
        mail = self._record(ts)
        mail.last_reply = f"{code} {text}"
        if more:
            return
        pending = self._pending
        if pending and pending[0] == _GREETING and len(pending) > 1 and code != 220:
            pending.popleft()
        name = pending[0] if pending else ""
        if name == "AUTH" and code == 334:
            self._mode = _AUTH
            return
        if name == "DATA" and code == 354:
            pending.popleft()
            return
        if pending:
            pending.popleft()
        self._acknowledged(mail, name, code)

    def _acknowledged(self, mail: SmtpEvent, name: str, code: int) -> None:
        if name == _END or (name == "BDAT LAST"):
            self._tell(mail)
            self._depth += 1
            self._mail = None
        elif name == "DATA" and self._mode == _DATA and not self._header:
            self._mode = _COMMAND  # refused: no body will come
            self._header = None
        elif name == "AUTH":
            mail.auth_success = code == 235
            if self._mode == _AUTH:
                self._mode = _COMMAND
        elif name == "STARTTLS" and code == 220:
            mail.tls = True
            self._tell(mail)
            self.successor = Tls
            self.done = True

    # -- AUTH ---------------------------------------------------------------------------------------

    def _begin_auth(self, mail: SmtpEvent, arg: str) -> None:
        mechanism, _, datum = arg.partition(" ")
        self._auth_mechanism = mail.auth_mechanism = mechanism.upper()[:32]
        self._auth_lines = 0
        if datum.strip():
            self._auth_datum(datum.strip())

    def _auth_datum(self, datum: str) -> None:
        """A client's answer to 334: only who logs in is read out of it."""
        self._mode = _COMMAND if self._mode == _AUTH else self._mode
        self._auth_lines += 1
        if self._mail is None or self._auth_lines > 1:
            return
        parts = _secretless(datum)
        if self._auth_mechanism == "LOGIN" and len(parts) == 1:
            self._mail.auth_user = parts[0]
        elif self._auth_mechanism == "PLAIN" and len(parts) == 3:
            self._mail.auth_user = parts[1]

    # -- bodies -------------------------------------------------------------------------------------

    def _begin_body(self, mode: int) -> None:
        self._mode = mode
        if self._header is None:
            self._header = bytearray()
        self._carry = b"\r\n" if mode == _DATA else b""

    def _begin_chunk(self, arg: str, ts: float) -> None:
        size, _, last = arg.partition(" ")
        if not (size.isascii() and size.isdecimal()) or len(size) > 18 or int(size) > MAX_CHUNK:
            self.flow.weird("smtp_bdat_invalid_size", ts, arg[:64], "SMTP")
            return
        self._begin_body(_BDAT)
        self._chunk = int(size)
        self._last_chunk = last.strip().upper() == "LAST"
        if self._last_chunk and self._pending and self._pending[-1] == "BDAT":
            self._pending[-1] = "BDAT LAST"
        if self._chunk == 0:
            self._mode = _COMMAND

    def _data(self, data: bytes, ts: float) -> bytes:
        """Take a body's bytes up to its final dot; what follows is returned."""
        if not data:
            return b""
        whole = self._carry + data
        end = whole.find(b"\r\n.\r\n")
        bare = whole.find(b"\n.\n") if end < 0 else -1
        if end < 0 and bare < 0:
            self._keep(data)
            self._carry = whole[-CARRY:]
            return b""
        stop, size = (end + 2, 3) if end >= 0 else (bare + 1, 2)
        self._keep(whole[len(self._carry) : max(stop, len(self._carry))])
        self._mode = _COMMAND
        self._carry = b""
        if len(self._pending) < MAX_PENDING:
            self._pending.append(_END)
        return whole[stop + size :]

    def _bdat(self, data: bytes, ts: float) -> bytes:
        """Take a chunk's bytes; what follows is returned."""
        piece = data[: self._chunk]
        self._chunk -= len(piece)
        if piece:
            self._keep(piece)
            self._carry = (self._carry + piece)[-CARRY:]
        if self._chunk == 0:
            self._mode = _COMMAND
        return data[len(piece) :]

    def _keep(self, piece: bytes) -> None:
        """Headers are kept; the rest is only searched for attachments' names."""
        header = self._header
        if header is None or not piece:
            return
        if len(header) < MAX_HEADER:
            header += piece[: MAX_HEADER - len(header)]
        mail = self._mail
        if mail is None or (mail.filenames is not None and len(mail.filenames) >= MAX_FILENAMES):
            return
        window = self._carry + piece
        if b"ame" in window or b"AME" in window:
            # a name that touches the end may go on: it is read again with the next piece
            cut = window.rfind(b"\n") + 1
            known = mail.filenames or []
            for name in filenames_in(window[:cut]):
                if name not in known and len(known) < MAX_FILENAMES:
                    known = [*known, name]
            mail.filenames = known or None

    def _read_header(self) -> None:
        """Fill the transaction from its message's header."""
        mail, raw = self._mail, self._header
        if mail is None or not raw:
            return
        head = re.split(rb"\r?\n\r?\n", bytes(raw), maxsplit=1)[0]
        for name, value in fields(head):
            attribute = _TEXT_FIELDS.get(name)
            if attribute is not None:
                setattr(mail, attribute, decode_words(value))
            elif name == "TO":
                mail.to = split_addresses(decode_words(value), MAX_RECIPIENTS) or None
            elif name == "CC":
                mail.cc = split_addresses(decode_words(value), MAX_RECIPIENTS) or None
            elif name == "RECEIVED":
                self._read_received(mail, value)
            elif name == "X-ORIGINATING-IP":
                mail.x_originating_ip = next(iter(ip_addresses(value)), None)

    @staticmethod
    def _read_received(mail: SmtpEvent, value: str) -> None:
        """The last Received is the first that was written (RFC 5321 section 4.4)."""
        mail.second_received, mail.first_received = mail.first_received, value
        found = ip_addresses(value)
        address = found[1] if len(found) > 1 else found[0] if found else None
        path = mail.path
        if address is not None and path is not None and path[-1] != address and len(path) < MAX_PATH:
            path.append(address)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """A hole in a body does little harm; in commands it costs a line."""
        if is_orig and self._mode == _BDAT:
            self._chunk = max(0, self._chunk - length)
            self._carry = b""
            if self._chunk == 0:
                self._mode = _COMMAND
        elif is_orig and self._mode == _DATA:
            self._carry = b""
        else:
            self._lines[is_orig].lost()

    def finish(self, ts: float) -> None:
        """Tell the transaction still open."""
        if not self.done and self._mail is not None:
            self._tell(self._mail)
        self.done = True
