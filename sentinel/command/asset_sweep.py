"""`sentinel assets scan`: active discovery, in the name of a person who may authorise it, on the audit trail."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sentinel.capture.interface import can_capture
from sentinel.command.acting import Action, actor
from sentinel.config import Config
from sentinel.ledger import LedgerError, LedgerStore
from sentinel.ledger.probe import WireProber
from sentinel.ledger.sweep import Answer, in_hours, may_sweep, sights_of, sweep, targets
from sentinel.store.audit import append
from sentinel.store.session import in_transaction
from sentinel.text import Message, text

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["SWEEP"]


def _scan(config: Config, options: argparse.Namespace) -> int:
    settings = config.ledger.sweep
    person = actor(options)
    may_sweep(settings, person, _now(config))
    addresses = targets(settings, options.range)
    if reason := can_capture():
        raise LedgerError(reason)
    ports = () if options.no_ports else settings.ports
    print(
        text(
            "asset.sweep.begin", addresses=len(addresses), ports=len(ports), rate=settings.rate, person=person
        ),
        file=sys.stderr,
    )
    with _alone(Path(config.store.path)):
        _note(config, person, "asset.scan", {
            "ranges": list(options.range or settings.ranges), "addresses": len(addresses), "ports": list(ports),
            "rate": settings.rate, "zone": options.zone or "",
        })  # fmt: skip
        return _sweep(config, options, person, addresses, ports)


def _sweep(
    config: Config, options: argparse.Namespace, person: str, addresses: list[str], ports: tuple[int, ...]
) -> int:
    settings = config.ledger.sweep
    answered = rounds = 0
    ended = "failed"
    try:
        for answers in sweep(addresses, ports, WireProber(settings.rate, settings.wait), time.time):
            rounds += 1
            answered += len(answers)
            _leave(config, answers, options.zone or "")
            for answer in answers:
                _tell(answer)
            if not in_hours(settings, _now(config)):
                ended = "hours-over"
                break
        else:
            ended = "whole"
    except KeyboardInterrupt:
        ended = "interrupted"
    finally:
        _note(config, person, "asset.scan-ended", {"answered": answered, "rounds": rounds, "ended": ended})
    print(text("asset.sweep.ended", answered=answered, how=text(f"asset.sweep.{ended}")), file=sys.stderr)
    return 0 if ended == "whole" else 1


def _leave(config: Config, answers: list[Answer], zone: str) -> None:
    """For the daemon, which takes it up within seconds, or once it runs again."""
    sights = [sight for answer in answers for sight in sights_of(answer, zone)]
    if sights:
        in_transaction(
            Path(config.store.path), lambda database: LedgerStore(database.conn).leave_sights(sights)
        )


def _tell(answer: Answer) -> None:
    ports = " ".join(map(str, answer.ports)) or "-"
    print(text("asset.sweep.answer", address=answer.address, mac=answer.mac or "-", ports=ports), flush=True)


def _note(config: Config, person: str, action: str, detail: dict[str, Any]) -> None:
    def work(database: Database) -> None:
        append(database, ts=time.time(), actor=person, action=action, subject="ledger", detail=detail)

    in_transaction(Path(config.store.path), work)


@contextlib.contextmanager
def _alone(store: Path) -> Iterator[None]:
    """Two sweeps at once would be faster than is declared. Raises LedgerError."""
    with store.with_name(f"{store.name}.scan").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LedgerError(Message("asset.sweep.running")) from None
        yield


def _now(config: Config) -> datetime:
    return datetime.now(ZoneInfo(config.intake.zone))


SWEEP: dict[str, Action] = {"scan": _scan}
