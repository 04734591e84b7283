"""SSH 1 and 2 (RFC 4251–4254): banners, key exchange, HASSH, and whether a log-in succeeded.

What happens after NEWKEYS is encrypted; as Zeek does, the log-in's fate is inferred from the sizes of the
server's answers: a refusal has always the same size, and success is 16 bytes smaller than the first answer.
"""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from functools import lru_cache
from hashlib import md5, sha256
from typing import ClassVar, Final

from sentinel.event.ssh import Ssh as SshEvent
from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings
from sentinel.protocol.ssh_kex import KexInit, agreed, agreed_both_ways, string_at

__all__ = ["Ssh"]

MAX_BANNER: Final = 8192
"""Lines before and with the version; RFC 4253 section 4.2 gives the version 255 bytes."""
MAX_PACKET: Final = 35_000
"""RFC 4253 section 6.1."""
WATCHED_SEGMENTS: Final = 512
"""Encrypted segments within which a log-in's fate must show."""
WATCHED_CLEAR: Final = 64
"""Packets of a key exchange."""

_BANNER, _CLEAR, _ENCRYPTED = range(3)
_KEXINIT, _NEWKEYS, _KEX_REPLY, _GEX_REPLY = 20, 21, 31, 33
_SSH1_PUBLIC_KEY, _SSH1_SESSION_KEY = 2, 3


@lru_cache(maxsize=65_536)
def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False


def _direction(flow: Endpoints) -> str | None:
    ours, theirs = _is_private(flow.orig_h), _is_private(flow.resp_h)
    if ours == theirs:
        return None
    return "OUTBOUND" if ours else "INBOUND"


def _version(client: str | None, server: str | None) -> int | None:
    """1 or 2 where both sides are known and fit; 1.99 speaks both (RFC 4253 section 5.1)."""
    if client is None or server is None:
        return None

    def spoken(banner: str) -> set[int]:
        if banner.startswith("SSH-1.99"):
            return {1, 2}
        return {1} if banner.startswith("SSH-1") else {2} if banner.startswith("SSH-2") else set()

    return max(spoken(client) & spoken(server), default=None)


class Ssh(Analyzer):
    """One SSH connection."""

    __slots__ = (
        "_accept_size",
        "_attempts",
        "_banners",
        "_clear",
        "_client_spoke",
        "_emitted",
        "_failure_size",
        "_fingerprint",
        "_host_key",
        "_kex",
        "_pending",
        "_segments",
        "_skipped_banner",
        "_state",
        "_success",
        "_ts",
        "encrypted",
    )

    service: ClassVar[str] = "ssh"
    whole: ClassVar[bool] = True
    segmented: ClassVar[bool] = True
    ports: ClassVar[frozenset[int]] = frozenset({22, 2222})
    first_bytes = frozenset(b"S")

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._ts: float | None = None
        self._state = [_BANNER, _BANNER]
        self._pending = [bytearray(), bytearray()]
        self._banners: list[str | None] = [None, None]
        self._kex: list[KexInit | None] = [None, None]
        self._host_key: str | None = None
        self._fingerprint: str | None = None
        self._clear = 0
        self._segments = 0
        self._client_spoke = False
        self._accept_size = 0
        self._failure_size = 0
        self._skipped_banner = False
        self._success: bool | None = None
        self._attempts = 0
        self._emitted = False
        self.encrypted = False

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """`SSH-` and a major version."""
        head = data[:5]
        if len(head) < 5:
            return None if b"SSH-"[: len(head)] == head[:4] else False
        return head in (b"SSH-1", b"SSH-2")

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """Bytes of one direction in order; after the key exchange the size of each piece matters."""
        if self.done or not data:
            return
        if self._ts is None:
            self._ts = ts
        if self._state[is_orig] == _ENCRYPTED:
            self._encrypted(is_orig, len(data))
            return
        pending = self._pending[is_orig]
        pending += data
        if self._state[is_orig] == _BANNER:
            if not self._read_banner(is_orig, pending, ts):
                return
            if self._state[not is_orig] == _CLEAR:  # it may have waited for this banner
                self._read_packets(not is_orig, self._pending[not is_orig], ts)
        if self._state[is_orig] == _CLEAR and not self.done:
            self._read_packets(is_orig, pending, ts)
        if self._state[is_orig] == _ENCRYPTED and pending and not self.done:
            length = len(pending)
            pending.clear()
            self._encrypted(is_orig, length)

    def _read_banner(self, is_orig: bool, pending: bytearray, ts: float) -> bool:
        """Find the version line; a server may send others before it (RFC 4253 section 4.2)."""
        while True:
            end = pending.find(b"\n")
            if end < 0:
                if len(pending) > MAX_BANNER:
                    self._give_up(ts, "malformed_ssh_identification")
                return False
            line = bytes(pending[:end]).rstrip(b"\r")
            del pending[: end + 1]
            if line.startswith(b"SSH-"):
                self._banners[is_orig] = line[:255].decode("utf-8", "backslashreplace")
                self._state[is_orig] = _CLEAR
                return True
            self._clear += 1
            if is_orig or self._clear > WATCHED_CLEAR:
                self._give_up(ts, "malformed_ssh_identification")
                return False

    def _read_packets(self, is_orig: bool, pending: bytearray, ts: float) -> None:
        own = self._banners[is_orig] or ""
        version = 2 if own.startswith("SSH-2") else _version(self._banners[1], self._banners[0])
        if version == 2:
            self._read_ssh2_packets(is_orig, pending, ts)
        elif version == 1:
            self._read_ssh1_packets(is_orig, pending, ts)
        elif len(pending) > 2 * MAX_PACKET:  # the other banner, which decides, does not come
            self._give_up(ts, "malformed_ssh_version")

    def _read_ssh2_packets(self, is_orig: bool, pending: bytearray, ts: float) -> None:
        at = 0
        while at + 6 <= len(pending):
            length = int.from_bytes(pending[at : at + 4], "big")
            if not 2 <= length <= MAX_PACKET:
                self._give_up(ts, "malformed_ssh_packet")
                return
            end = at + 4 + length
            if end > len(pending):
                break
            payload = bytes(pending[at + 5 : max(at + 5, end - pending[at + 4])])
            at = end
            self._clear += 1
            if self._clear > WATCHED_CLEAR:
                self._give_up(ts, "ssh_too_many_clear_packets")
                return
            if payload and self._message(is_orig, payload):
                break
        del pending[:at]

    def _message(self, is_orig: bool, payload: bytes) -> bool:
        """One clear SSH 2 message; True when encryption follows it."""
        kind = payload[0]
        if kind == _KEXINIT and self._kex[is_orig] is None:
            self._kex[is_orig] = KexInit.parse(payload)
        elif kind in (_KEX_REPLY, _GEX_REPLY) and not is_orig and self._host_key is None:
            client, server = self._kex[1], self._kex[0]
            exchange = agreed(client.kex, server.kex) if client and server else ""
            if (kind == _GEX_REPLY) == ("group-exchange" in exchange):
                key = string_at(payload, 1)
                if key:
                    self._keep_host_key(key, key)
        elif kind == _NEWKEYS:
            self._state[is_orig] = _ENCRYPTED
            return True
        return False

    def _keep_host_key(self, key: bytes, for_md5: bytes) -> None:
        self._host_key = md5(for_md5, usedforsecurity=False).digest().hex(":")
        self._fingerprint = "SHA256:" + b64encode(sha256(key).digest()).decode()[:32]

    def _read_ssh1_packets(self, is_orig: bool, pending: bytearray, ts: float) -> None:
        """SSH 1: length, padding to 8, type, data, CRC."""
        at = 0
        while at + 4 <= len(pending):
            length = int.from_bytes(pending[at : at + 4], "big")
            if not 5 <= length <= MAX_PACKET:
                self._give_up(ts, "malformed_ssh_packet")
                return
            begin = at + 4 + 8 - length % 8
            end = begin + length
            if end > len(pending):
                break
            self._clear += 1
            kind, content = pending[begin], bytes(pending[begin + 1 : end - 4])
            at = end
            if kind == _SSH1_PUBLIC_KEY and not is_orig:
                self._ssh1_host_key(content)
            elif kind == _SSH1_SESSION_KEY and is_orig:
                self._emit(ts)  # nothing in SSH 1 tells of the log-in
                return
        del pending[:at]

    def _ssh1_host_key(self, content: bytes) -> None:
        """Cookie, server key (bits, e, n), host key (bits, e, n); numbers are bits and bytes."""
        at, numbers = 8, []
        for which in range(6):
            if which % 3 == 0:
                at += 4
                continue
            size = (int.from_bytes(content[at : at + 2], "big") + 7) // 8
            numbers.append(content[at + 2 : at + 2 + size])
            at += 2 + size
        if len(numbers) == 4 and at <= len(content):
            self._keep_host_key(numbers[3] + numbers[2], numbers[3] + numbers[2])

    # -- after NEWKEYS ----------------------------------------------------------------------------

    def _encrypted(self, is_orig: bool, length: int) -> None:
        self.encrypted = True
        self._segments += 1
        if is_orig:
            self._client_spoke = True
        elif self._client_spoke:
            self._infer(length)
        ts = self._ts or 0.0
        if self._success or self._segments > WATCHED_SEGMENTS:
            self._emit(ts)

    def _infer(self, length: int) -> None:
        """Zeek's rule: first SERVICE_ACCEPT, then perhaps a banner, then refusals of one size or success."""
        if not self._accept_size:
            self._accept_size = length
        elif length + 16 == self._accept_size:
            self._attempted(True)
        elif not self._failure_size:
            if not self._skipped_banner and length - self._accept_size > 256:
                self._skipped_banner = True
            else:
                self._failure_size = length
        elif length == self._failure_size:
            self._attempted(False)

    def _attempted(self, success: bool) -> None:
        client, server = self._kex[1], self._kex[0]
        if client and server and "zlib" in agreed(client.compression_to_server, server.compression_to_server):
            return  # sizes say nothing under compression
        self._success = success
        self._attempts += 1

    # -- the end ------------------------------------------------------------------------------------

    def _give_up(self, ts: float, weird: str) -> None:
        self.flow.weird(weird, ts, None, "SSH")
        self._emit(ts)

    def _emit(self, ts: float) -> None:
        self.done = True
        if self._emitted or self._ts is None or self._banners == [None, None]:
            return
        self._emitted = True
        flow, (client, server) = self.flow, (self._kex[1], self._kex[0])
        event = SshEvent(
            ts=self._ts,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=flow.orig_p,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            version=_version(self._banners[1], self._banners[0]),
            auth_success=self._success,
            auth_attempts=self._attempts,
            direction=_direction(flow),
            client=self._banners[1],
            server=self._banners[0],
            host_key=self._host_key,
            host_key_fingerprint=self._fingerprint,
            hassh=client.hassh() if client else None,
            hassh_server=server.hassh_server() if server else None,
        )
        if client and server:
            event.kex_alg = agreed(client.kex, server.kex)
            event.host_key_alg = agreed(client.host_key, server.host_key)
            event.cipher_alg = agreed_both_ways(
                (client.cipher_to_server, client.cipher_to_client),
                (server.cipher_to_server, server.cipher_to_client),
            )
            event.mac_alg = agreed_both_ways(
                (client.mac_to_server, client.mac_to_client), (server.mac_to_server, server.mac_to_client)
            )
            event.compression_alg = agreed_both_ways(
                (client.compression_to_server, client.compression_to_client),
                (server.compression_to_server, server.compression_to_client),
            )
        self.emit(event)

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """After a hole neither packets nor sizes can be trusted."""
        self._emit(ts)

    def finish(self, ts: float) -> None:
        """Tell the connection as far as it is known."""
        self._emit(ts)
