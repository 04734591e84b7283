"""Detectors, fed with events made here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sentinel.detect import Detector, DetectSettings, Scene
from sentinel.event import KINDS, Conn, Event, Notice

LOCAL = ("10.0.0.0/8",)


def detector(kind: type[Detector], **settings: Any) -> Detector:
    """One of `kind`; what `settings` says replaces the defaults."""
    return kind(Scene(replace(DetectSettings(), **settings), LOCAL))


def feed(detector: Detector, events: Iterable[Event]) -> list[Notice]:
    """What it concludes, event by event."""
    return [notice for event in events for notice in detector.reads[event.kind]([event])]


def notes(notices: Sequence[Notice]) -> list[str]:
    return [notice.note for notice in notices]


def conn(ts: float, src: str, dst: str, port: int, **values: Any) -> Conn:
    """A refused attempt, unless `values` says otherwise."""
    given = {
        "proto": "tcp",
        "conn_state": "REJ",
        "history": "Sr",
        "orig_pkts": 1,
        "resp_pkts": 1,
        "local_orig": src.startswith("10."),
        "local_resp": dst.startswith("10."),
        **values,
    }
    return Conn(ts=ts, uid=f"C{ts}", orig_h=src, orig_p=40000, resp_h=dst, resp_p=port, **given)


def flow_event(kind: str, ts: float, src: str, dst: str, port: int, **values: Any) -> Any:
    return KINDS[kind](ts=ts, uid=f"C{ts}", orig_h=src, orig_p=40000, resp_h=dst, resp_p=port, **values)
