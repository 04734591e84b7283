"""Apprise: a real mail server and a real webhook get the message; a refusal is told without the address."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sentinel.notify import ChannelSettings, DeliveryError
from sentinel.notify.send import send
from tests.notify.conftest import Receiver

PASSWORD = "p@ss/word:1"
FIELDS = {"title": "扫描", "text": "【较大】新事件 20261125-0001", "id": "m1"}


class Mailbox:
    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.passwords: list[bytes] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return self.answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        self.passwords.append(getattr(data, "password", b""))
        return AuthResult(success=True)


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        auth_require_tls=False,
        authenticator=box.authenticate,
        auth_exclude_mechanism=["CRAM-MD5"],
    )
    controller.start()
    yield box, port
    controller.stop()


def channel(url: str) -> ChannelSettings:
    return ChannelSettings(name="mail", url=url, timeout=5.0)


def address(port: int) -> str:
    return (
        f"mailto://127.0.0.1:{port}?user=sentinel&pass=${{env:MAIL}}&smtp=127.0.0.1&from=sentinel@example.com"
        "&to=duty@example.com&mode=insecure"
    )


def test_mail_arrives_with_its_subject_and_a_password_of_any_signs(
    mail: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, port = mail
    monkeypatch.setenv("MAIL", PASSWORD)
    send(channel(address(port)), FIELDS)
    (message,) = box.taken
    assert (message["subject"], message["to"]) == ("扫描", "duty@example.com")
    body = message.get_body(("plain", "html"))
    assert body is not None and FIELDS["text"] in body.get_content()
    assert box.passwords == [PASSWORD.encode()]


def test_a_refusal_is_told_and_no_log_holds_the_secret(
    mail: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, port = mail
    monkeypatch.setenv("MAIL", PASSWORD)
    box.answer = "554 no"
    logged = Logged()
    root = logging.getLogger()
    former = root.level
    root.addHandler(logged)
    root.setLevel(logging.DEBUG)
    try:
        with pytest.raises(DeliveryError) as caught:
            send(channel(address(port)), FIELDS)
    finally:
        root.removeHandler(logged)
        root.setLevel(former)
    assert len(box.taken) == 1
    assert logged.ours == [], "what Apprise says stays with it"
    assert PASSWORD not in str(caught.value)


class Logged(logging.Handler):
    """What comes to the root's handlers, without what the mail server says of itself."""

    def __init__(self) -> None:
        super().__init__()
        self.ours: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name not in ("mail.log", "asyncio"):
            self.ours.append(record.getMessage())


def test_a_webhook_and_its_status(receiver: Receiver) -> None:
    url = f"json://127.0.0.1:{receiver.port}/hook"
    send(channel(url), FIELDS)
    assert json.loads(receiver.taken[0][2])["message"] == FIELDS["text"]
    receiver.answers = [(503, "")]
    with pytest.raises(DeliveryError, match="503"):
        send(channel(url), FIELDS)
    receiver.answers = [(302, "")]
    with pytest.raises(DeliveryError):
        send(channel(url), FIELDS)
    assert len(receiver.taken) == 3, "a redirect is not followed"


@pytest.mark.parametrize("url", ["nosuch://x", "mailto://", "duty@example.com", "${env:NOT_SET}"])
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(DeliveryError):
        send(channel(url), FIELDS)
