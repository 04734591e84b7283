"""A TLS conversation above its records: messages in, one `ssl` event out. TLS, DTLS and TLCP share it.

History letters, `established`, `resumed` and `version` mean what they mean in Zeek's ssl.log.
"""

from __future__ import annotations

from typing import Final

from sentinel.event.ssl import Ssl
from sentinel.protocol.analyzer import Emit, Endpoints
from sentinel.protocol.ja import ja3, ja3s, ja4
from sentinel.protocol.tls_hello import ClientHello, ServerHello
from sentinel.protocol.tls_names import TLCP, alert_name, cipher_name, curve_name, is_tls13, version_name
from sentinel.protocol.x509 import Certificate, certificate, emit_chain, names_match

__all__ = ["TlsSession"]

CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
CERTIFICATE: Final = 11
SERVER_KEY_EXCHANGE: Final = 12
CLIENT_KEY_EXCHANGE: Final = 16

_LETTERS: Final = {
    0: "h",
    1: "c",
    2: "s",
    3: "v",
    4: "t",
    5: "e",
    6: "j",
    8: "o",
    11: "x",
    12: "k",
    13: "r",
    14: "n",
    15: "y",
    16: "g",
    20: "f",
    21: "w",
    22: "u",
    23: "a",
    24: "p",
    254: "m",
}
MAX_HISTORY: Final = 100
MAX_CHAIN: Final = 32
PADDED: Final = 19
"""Least length of an honest heartbeat: type, length and 16 bytes of padding (RFC 6520 section 4)."""


def certificates_in(body: bytes) -> list[bytes]:
    """DER of each certificate in a Certificate message up to TLS 1.2 (RFC 5246 section 7.4.2)."""
    found: list[bytes] = []
    at = 3
    while at + 3 <= len(body) and len(found) < MAX_CHAIN:
        end = at + 3 + int.from_bytes(body[at : at + 3], "big")
        if end > len(body) or end == at + 3:
            break
        found.append(body[at + 3 : end])
        at = end
    return found


class TlsSession:
    """What is known of one handshake so far."""

    __slots__ = (
        "_chain",
        "_cipher",
        "_client",
        "_client_chain",
        "_curve",
        "_emit",
        "_emitted",
        "_encrypted",
        "_flow",
        "_heartbleed",
        "_history",
        "_ja3s",
        "_key_exchanged",
        "_last_alert",
        "_last_heartbeat",
        "_next_protocol",
        "_resumed",
        "_server_heartbeat",
        "_transport",
        "_ts",
        "_version",
        "established",
        "flipped",
    )

    def __init__(self, flow: Endpoints, emit: Emit, transport: str = "t") -> None:
        """`transport` as JA4 names it: `t` TLS over TCP, `d` DTLS, `q` QUIC."""
        self._flow = flow
        self._emit = emit
        self._transport = transport
        self._ts: float | None = None
        self._client: ClientHello | None = None
        self._version: int | None = None
        self._cipher: str | None = None
        self._curve: int | None = None
        self._next_protocol: str | None = None
        self._ja3s: str | None = None
        self._chain: list[Certificate] = []
        self._client_chain: list[Certificate] = []
        self._history: list[str] = []
        self._last_alert: str | None = None
        self._resumed = False
        self._key_exchanged = False
        self._encrypted = [False, False]
        self._heartbleed: bool | None = None
        self._last_heartbeat = 0
        self._server_heartbeat = False
        self._emitted = False
        self.established = False
        self.flipped = False
        """The responder is the client."""

    @property
    def client(self) -> ClientHello | None:
        """What the client offered, once its hello was read."""
        return self._client

    @property
    def watches_heartbeats(self) -> bool:
        """Both sides agreed on heartbeats: records are worth a look after the handshake."""
        return self._server_heartbeat and self._client is not None and self._client.heartbeat

    @property
    def is_tls13(self) -> bool:
        """The server chose TLS 1.3 or a draft of it."""
        return self._version is not None and is_tls13(self._version)

    def is_encrypted(self, is_orig: bool) -> bool:
        """Has this direction changed to encrypted records?"""
        return self._encrypted[is_orig]

    def _mark(self, is_orig: bool, letter: str, ts: float) -> None:
        if self._ts is None:
            self._ts = ts
        if len(self._history) < MAX_HISTORY:
            self._history.append(letter.upper() if is_orig != self.flipped else letter)

    # -- what the record layer tells ------------------------------------------------------------

    def message(self, is_orig: bool, kind: int, body: bytes, ts: float) -> None:
        """One whole handshake message in clear."""
        if kind == CLIENT_HELLO:
            self._on_client_hello(is_orig, body, ts)
            return
        if kind == SERVER_HELLO:
            self._on_server_hello(is_orig, body, ts)
            return
        self._mark(is_orig, _LETTERS.get(kind, "z"), ts)
        if kind == CERTIFICATE:
            self._on_certificates(is_orig, body, ts)
        elif kind == SERVER_KEY_EXCHANGE:
            if self._cipher is not None and "ECDH" in self._cipher and len(body) >= 3 and body[0] == 3:
                self._curve = body[1] << 8 | body[2]  # named_curve, RFC 8422 section 5.4
        elif kind == CLIENT_KEY_EXCHANGE:
            self._key_exchanged = True

    def change_cipher_spec(self, is_orig: bool, ts: float) -> None:
        """This direction's next records are encrypted."""
        self._mark(is_orig, "i", ts)
        self._encrypted[is_orig] = True
        client = self._client
        if client is not None and is_orig != self.flipped and client.ticket and not self._key_exchanged:
            if not client.session_id or not any(client.session_id):
                self._resumed = True

    def alert(self, is_orig: bool, description: int, ts: float) -> None:
        """An alert in clear."""
        self._mark(is_orig, "l", ts)
        self._last_alert = alert_name(description)

    def heartbeat(self, is_orig: bool, content: bytes, length: int, ts: float) -> None:
        """A heartbeat in clear: `content` begins it, its record says `length`."""
        self._mark(is_orig, "b", ts)
        if len(content) < 3:
            return
        claimed = content[1] << 8 | content[2]
        if content[0] == 1:
            self._last_heartbeat = length
            if claimed > (length if length < PADDED else length - PADDED):
                self._heartbleed = True
                self._flow.weird("ssl_heartbleed_attempt", ts, f"asks {claimed} of {length} bytes", "SSL")
        elif self._heartbleed and length > self._last_heartbeat:
            self._flow.weird("ssl_heartbleed_success", ts, f"answers {length} bytes", "SSL")

    def encrypted(self, is_orig: bool, content_type: int, length: int, ts: float) -> None:
        """A record that cannot be read."""
        if not self._encrypted[is_orig]:
            if not self.is_tls13:
                if self._version is not None and self._client is not None:
                    self._flow.weird("ssl_early_application_data", ts, None, "SSL")
                return
            self._encrypted[is_orig] = True  # TLS 1.3 may go without ChangeCipherSpec
        if not self.established and self._encrypted[0] and self._encrypted[1]:
            self.established = True
            self.conclude(ts)
        if content_type == 24:
            self._encrypted_heartbeat(is_orig, length, ts)

    def _encrypted_heartbeat(self, is_orig: bool, length: int, ts: float) -> None:
        """Heartbleed after the handshake: too short to be honest, or an answer longer than its question."""
        if is_orig != self.flipped:
            self._last_heartbeat = length
            if length < PADDED:
                self._heartbleed = True
                self._flow.weird("ssl_heartbleed_attempt", ts, f"encrypted request of {length} bytes", "SSL")
        elif 0 < self._last_heartbeat < length:
            self._heartbleed = True
            addl = f"encrypted: asked with {self._last_heartbeat}, answered with {length} bytes"
            self._flow.weird("ssl_heartbleed_success", ts, addl, "SSL")

    # -- hellos and certificates ----------------------------------------------------------------

    def _on_client_hello(self, is_orig: bool, body: bytes, ts: float) -> None:
        if not is_orig and self._client is None and not self._history:
            self.flipped = True
            self._history.append("^")
        self._mark(is_orig, "c", ts)
        hello = ClientHello.parse(body, self._transport == "d")
        if hello is None:
            self._flow.weird("ssl_bad_client_hello", ts, None, "SSL")
        elif self._client is None or self._version is None:
            self._client = hello

    def ssl2_client_hello(self, is_orig: bool, ts: float) -> None:
        """A hello in SSL 2.0's form (RFC 5246 appendix E.2)."""
        self._mark(is_orig, "c", ts)

    def ssl2_server_hello(self, is_orig: bool, cipher: int | None, chain: bytes, ts: float) -> None:
        """SSL 2.0's own server hello: it lists ciphers and carries one certificate."""
        self._mark(is_orig, "s", ts)
        self._version = 0x0002
        self._cipher = cipher_name(cipher) if cipher is not None else None
        if chain:
            self._keep_chain(is_orig, [chain], ts)

    def ssl2_master_key(self, ts: float) -> None:
        """SSL 2.0 client master key: what follows is encrypted."""
        self.established = True
        self.conclude(ts)

    def _on_server_hello(self, is_orig: bool, body: bytes, ts: float) -> None:
        hello = ServerHello.parse(body)
        self._mark(is_orig, "j" if hello is not None and hello.retry else "s", ts)
        if hello is None:
            self._flow.weird("ssl_bad_server_hello", ts, None, "SSL")
            return
        self._version = hello.version
        self._cipher = cipher_name(hello.cipher)
        self._ja3s = ja3s(hello)
        self._server_heartbeat = hello.heartbeat
        if hello.group is not None:
            self._curve = hello.group
        if hello.alpn:
            self._next_protocol = hello.alpn[0].decode("ascii", "backslashreplace")
        client = self._client
        if client is None:
            return
        if is_tls13(hello.version):
            self._resumed = hello.psk and client.psk
        elif any(client.session_id) and client.session_id == hello.session_id:
            self._resumed = True

    def _on_certificates(self, is_orig: bool, body: bytes, ts: float) -> None:
        if not self.is_tls13:
            self._keep_chain(is_orig, certificates_in(body), ts)

    def _keep_chain(self, is_orig: bool, chain: list[bytes], ts: float) -> None:
        from_client = is_orig != self.flipped
        if (self._client_chain if from_client else self._chain) or not chain:
            return
        found = [certificate(one) for one in chain]
        if from_client:
            self._client_chain = found
        else:
            self._chain = found
        emit_chain(found, self._flow, self._emit, ts, from_client)

    # -- the end ----------------------------------------------------------------------------------

    def conclude(self, ts: float) -> None:
        """Tell the `ssl` event, once; nothing where no message was seen."""
        if self._emitted or self._ts is None:
            return
        self._emitted = True
        flow, hello = self._flow, self._client
        chain, client_chain = self._chain, self._client_chain
        event = Ssl(
            ts=self._ts,
            uid=flow.uid,
            orig_h=flow.orig_h,
            orig_p=flow.orig_p,
            resp_h=flow.resp_h,
            resp_p=flow.resp_p,
            version=None if self._version is None else version_name(self._version),
            cipher=self._cipher,
            curve=None if self._curve is None else curve_name(self._curve),
            resumed=self._resumed,
            last_alert=self._last_alert,
            next_protocol=self._next_protocol,
            established=self.established,
            ssl_history="".join(self._history),
            ja3s=self._ja3s,
            heartbleed=self._heartbleed,
        )
        if hello is not None:
            event.server_name = hello.server_name
            event.ja3 = ja3(hello)
            event.ja4 = ja4(hello, self._transport)
        if chain:
            event.cert_chain_fps = [one.fingerprint for one in chain]
            event.subject, event.issuer = chain[0].subject, chain[0].issuer
            if event.server_name is not None:
                event.sni_matches_cert = names_match(chain[0], event.server_name)
            if self._version == TLCP and len(chain) > 1:
                event.tlcp_enc_cert_fp = chain[1].fingerprint
        if client_chain:
            event.client_cert_chain_fps = [one.fingerprint for one in client_chain]
            event.client_subject, event.client_issuer = client_chain[0].subject, client_chain[0].issuer
        self._emit(event)
