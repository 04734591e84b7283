"""Which settings name files, where relative ones start, and where rules and playbooks lie that came along."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from sentinel.broker import PeerSettings
from sentinel.config.tree import Config

__all__ = ["absolute", "default_config", "resolve_paths", "shipped"]

_Secured = TypeVar("_Secured", bound=PeerSettings)


def absolute(root: Path, written: str) -> str:
    """`written` from `root`; empty (nowhere) and `-` (standard output) stay as they are."""
    return written if written in ("", "-") else str(root / Path(written).expanduser())


def resolve_paths(config: Config) -> Config:
    """`config` with every path absolute."""
    root = config.root
    return replace(
        config,
        intake=replace(
            config.intake,
            formats=tuple(absolute(root, path) for path in config.intake.formats),
            sources=tuple(
                replace(
                    _with_certificates(root, source),
                    paths=tuple(absolute(root, path) for path in source.paths),
                )
                for source in config.intake.sources
            ),
        ),
        playbook=replace(
            config.playbook,
            paths=_folders(root, config.playbook.paths, "playbooks"),
            evidence=absolute(root, config.playbook.evidence),
            gatekeeper=absolute(root, config.playbook.gatekeeper),
            scripts_folder=absolute(root, config.playbook.scripts_folder),
            devices=tuple(
                replace(device, key=absolute(root, device.key)) for device in config.playbook.devices
            ),
            brokers=tuple(_with_certificates(root, broker) for broker in config.playbook.brokers),
        ),
        rule=replace(config.rule, paths=_folders(root, config.rule.paths, "rules")),
        ledger=replace(config.ledger, signatures=absolute(root, config.ledger.signatures)),
        incident=replace(
            config.incident,
            clauses=absolute(root, config.incident.clauses),
            attachments=absolute(root, config.incident.attachments),
        ),
        notify=replace(
            config.notify,
            channels=tuple(_with_certificates(root, channel) for channel in config.notify.channels),
            feeds=tuple(_with_certificates(root, feed) for feed in config.notify.feeds),
        ),
        store=replace(config.store, path=absolute(root, config.store.path)),
        output=replace(
            config.output,
            events=absolute(root, config.output.events),
            alerts=absolute(root, config.output.alerts),
        ),
    )


def _with_certificates(root: Path, settings: _Secured) -> _Secured:
    return replace(
        settings,
        authority=absolute(root, settings.authority),
        certificate=absolute(root, settings.certificate),
        key=absolute(root, settings.key),
    )


def _folders(root: Path, chosen: tuple[str, ...], usual: str) -> tuple[str, ...]:
    """`chosen` from `root`. Where that is only the usual folder and it is not there, the one that came along serves."""
    if chosen == (usual,) and not (root / usual).is_dir() and (folder := shipped(usual)):
        return (str(folder),)
    return tuple(absolute(root, path) for path in chosen)


def default_config(root: Path) -> Config:
    """All defaults, paths from `root`, and what came along where `root` has no rules or playbooks."""
    return resolve_paths(replace(Config(), root=root.absolute()))


def shipped(usual: str) -> Path | None:
    """The folder of that name that stands beside the package in a checkout, or came along in a wheel."""
    for folder in (Path(__file__).parents[2] / usual, Path(sys.prefix) / "share" / "sentinel" / usual):
        if folder.is_dir():
            return folder
    return None
