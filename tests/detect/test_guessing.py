"""Guessed passwords: by whom, how often, and whether it worked."""

from __future__ import annotations

from typing import Any

from sentinel.detect.guessing import Guessing
from sentinel.event import Auth, Event

from .conftest import detector, feed, flow_event, notes

ENDS = ("192.0.2.7", "10.1.0.1")


def ssh(ts: float, success: bool, attempts: int = 1, ends: tuple[str, str] = ENDS) -> Event:
    return flow_event("ssh", ts, *ends, 22, auth_success=success, auth_attempts=attempts)  # type: ignore[no-any-return]


def ftp(ts: float, code: int, **values: Any) -> Event:
    given = {"user": "ftpuser", "command": "PASS", "reply_code": code, **values}
    return flow_event("ftp", ts, *ENDS, 21, **given)  # type: ignore[no-any-return]


def test_tries_of_one_connection_count_each() -> None:
    [notice] = feed(detector(Guessing), [ssh(number, False, attempts=3) for number in range(6)])
    assert notice.note == "SSH::Password_Guessing"
    assert (notice.src, notice.dst, notice.p, notice.n, notice.ts) == (*ENDS, 22, 12, 3.0)


def test_success_after_guessing() -> None:
    failures = [ftp(number, 530, user=f"user{number % 4}") for number in range(12)]
    found = feed(detector(Guessing), [*failures, ftp(100, 226, command="STOR", user="user3")])
    assert notes(found) == ["FTP::Bruteforcing", "FTP::Login_After_Guessing"]
    assert found[1].sub == "user3" and found[1].figures["failures"] == 12 and found[1].figures["users"] == 4


def test_success_long_after_or_of_another_host_is_none() -> None:
    failures = [ssh(number, False) for number in range(12)]
    other = ssh(20, True, ends=("192.0.2.8", "10.1.0.1"))
    assert notes(feed(detector(Guessing), [*failures, other, ssh(9000, True)])) == ["SSH::Password_Guessing"]


def test_a_slip_is_no_guessing() -> None:
    assert not feed(detector(Guessing), [*(ssh(number, False) for number in range(4)), ssh(9, True)])


def test_the_patient_guesser() -> None:
    assert notes(feed(detector(Guessing), [ssh(number * 400, False) for number in range(45)])) == [
        "SSH::Password_Guessing"
    ]


def test_banner_grabs_and_guests_are_no_log_ins() -> None:
    grabs = [flow_event("ssh", number, *ENDS, 22, auth_success=None, auth_attempts=0) for number in range(30)]
    guests = [ftp(number, 226, command="RETR", user="anonymous") for number in range(30)]
    assert not feed(detector(Guessing), [*grabs, *guests])


def test_a_service_that_logs_its_own_failures() -> None:
    events = [
        Auth(
            ts=number,
            source="auth.log",
            host="db1",
            service="mysql",
            user="root",
            src="10.9.9.9",
            success=False,
        )
        for number in range(10)
    ]
    local = [Auth(ts=number, source="auth.log", service="sudo", success=False) for number in range(30)]
    [notice] = feed(detector(Guessing), [*events, *local])
    assert (notice.note, notice.src, notice.dst) == ("MYSQL::Password_Guessing", "10.9.9.9", "db1")


def test_spraying_and_its_fruit() -> None:
    def tried(number: int, success: bool) -> Auth:
        return Auth(
            ts=number * 60, source="dc", host=f"dc{number % 3}", service="kerberos", user=f"user{number}",
            src="10.9.9.9", success=success,
        )  # fmt: skip

    events = [*(tried(number, False) for number in range(12)), tried(13, True)]
    found = feed(detector(Guessing), events)
    assert notes(found) == ["KERBEROS::Password_Spraying", "KERBEROS::Login_After_Guessing"]
    assert found[0].n == 10 and found[0].figures["hosts"] == 3 and found[1].sub == "user13"
    assert not feed(detector(Guessing, shared_hosts=("10.9.9.9",)), events[:12])


def test_a_secret_in_the_request_counts_and_a_handshake_does_not() -> None:
    def asked(ts: float, status: int, scheme: str) -> Any:
        given = {"trans_depth": 1, "request_body_len": 0, "response_body_len": 0}
        return flow_event("http", ts, *ENDS, 80, status_code=status, authorization=scheme, **given)

    found = feed(detector(Guessing), [*(asked(n, 401, "Basic") for n in range(12)), asked(20, 200, "Basic")])
    assert notes(found) == ["HTTP::Password_Guessing", "HTTP::Login_After_Guessing"]
    assert not feed(detector(Guessing), [asked(n, 401, "NTLM") for n in range(40)])
