"""NTP (RFC 5905): one event a message, as Zeek's."""

from __future__ import annotations

import struct
from socket import inet_ntoa
from typing import Final

from sentinel.event.ntp import Ntp
from sentinel.protocol.analyzer import Analyzer

__all__ = ["NtpAnalyzer"]

_read = struct.Struct(">BBbbIIIQQQQ").unpack_from
"""Flags, stratum, poll, precision, root delay, root dispersion, reference id, and four times."""
_SIZE: Final = 48
_EPOCH: Final = 2_208_988_800
"""Seconds from 1900 to 1970."""
_CONTROL, _PRIVATE = 6, 7
_EARLIEST: Final = 0xB000_0000 << 32
"""1993: no clock that is set is earlier, and few other protocols look like one."""
_PRIVATE_CODES: Final = frozenset({2, 3})
"""Implementations of mode 7: XNTPD_OLD, XNTPD."""
_MONITOR_LISTS: Final = frozenset({20, 42})
"""Requests of mode 7 for everyone who asked lately: MON_GETLIST, MON_GETLIST_1 (CVE-2013-5211)."""
_ANSWER: Final = 0x80
_MAX_MODE: Final = 5


class NtpAnalyzer(Analyzer):
    """Keeps nothing between messages."""

    __slots__ = ()

    service = "ntp"
    transports = frozenset({"udp"})
    ports = frozenset({123})
    first_bytes = frozenset(byte for byte in range(256) if 1 <= byte >> 3 & 7 <= 4 and byte & 7)

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """A header whose fields are all where those of a clock are."""
        if len(data) < 8 or not 1 <= data[0] >> 3 & 7 <= 4:
            return False
        mode = data[0] & 7
        if mode == _PRIVATE:
            return data[2] in _PRIVATE_CODES and len(data) % 4 == 0
        if mode == _CONTROL:
            return len(data) >= 12 and len(data) - 12 - (data[10] << 8 | data[11]) in range(4)
        return mode > 0 and len(data) >= _SIZE and len(data) % 4 == 0 and _plausible(data, mode)

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Take one datagram."""
        mode = data[0] & 7 if data else 0
        if mode > _MAX_MODE:
            # Zeek's ntp.log has no such messages; answers to them are much larger than what asks for them.
            self.flow.weird("NTP_private_mode" if mode == _PRIVATE else "NTP_control_mode", ts, source="NTP")
            if mode == _PRIVATE and len(data) > 3 and data[3] in _MONITOR_LISTS and not data[0] & _ANSWER:
                self.flow.weird("NTP_monlist_request", ts, source="NTP")
            return
        if len(data) < _SIZE:
            self.flow.weird("NTP_truncated", ts, source="NTP")
            return
        flags, stratum, poll, precision, delay, dispersion, reference, *times = _read(data)
        ref_time, org_time, rec_time, xmt_time = map(_seconds, times)
        flow = self.flow
        self.emit(
            Ntp(
                ts=ts,
                uid=flow.uid,
                orig_h=flow.orig_h,
                orig_p=flow.orig_p,
                resp_h=flow.resp_h,
                resp_p=flow.resp_p,
                version=flags >> 3 & 7,
                mode=mode,
                stratum=stratum,
                poll=2.0**poll,
                precision=2.0**precision,
                root_delay=delay / 65536,
                root_disp=dispersion / 65536,
                ref_id=_reference(stratum, reference),
                ref_time=ref_time,
                org_time=org_time,
                rec_time=rec_time,
                xmt_time=xmt_time,
                num_exts=_extensions(data),
            )
        )


def _plausible(data: bytes, mode: int) -> bool:
    _, stratum, poll, precision, delay, _, _, reference, _, received, _ = _read(data)
    if stratum > 16 or not -8 <= poll <= 17 or not -32 <= precision <= 0 or delay >= 64 << 16:
        return False
    # A client may fill its own times with noise; it does not have the server's yet.
    return all(
        time == 0 or time >= _EARLIEST for time in ((reference,) if mode == 3 else (reference, received))
    )


def _seconds(time: int) -> float:
    """An NTP timestamp as seconds since 1970; those past 2036 begin anew (RFC 5905 §6)."""
    if not time:
        return 0.0
    seconds = time >> 32
    if not seconds >> 31:
        seconds += 1 << 32
    return seconds - _EPOCH + (time & 0xFFFF_FFFF) / (1 << 32)


def _reference(stratum: int, reference: int) -> str:
    """An address above stratum 1, else four characters (RFC 5905 §7.3), padded with NUL: Zeek keeps those."""
    name = reference.to_bytes(4, "big")
    return inet_ntoa(name) if stratum > 1 else name.decode("ascii", "backslashreplace")


def _extensions(data: bytes) -> int:
    """Extension fields (RFC 7822): 16 bytes or more each; what is shorter is a key and digest."""
    count = 0
    position = _SIZE
    while len(data) - position >= 28 or (len(data) - position >= 16 and not count):
        length = data[position + 2] << 8 | data[position + 3]
        if length < 16 or length % 4 or position + length > len(data):
            break
        count += 1
        position += length
    return count
