"""The configuration: one typed, frozen tree made of the rooms' own settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sentinel.capture.settings import CaptureSettings
from sentinel.decode.settings import DecodeSettings
from sentinel.detect.settings import DetectSettings
from sentinel.duty.settings import DutySettings
from sentinel.flow.settings import FlowSettings
from sentinel.incident.settings import IncidentSettings
from sentinel.intake.settings import IntakeSettings
from sentinel.ledger.settings import LedgerSettings
from sentinel.notify.settings import NotifySettings
from sentinel.playbook.settings import PlaybookSettings
from sentinel.protocol.settings import ProtocolSettings
from sentinel.rule.settings import RuleSettings
from sentinel.store.settings import OutputSettings, StoreSettings

__all__ = ["Config", "LogSettings", "MetricsSettings"]


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where Prometheus reads what is measured."""

    enabled: bool = True
    listen: str = "127.0.0.1"
    """Address to listen on; only this machine by default."""
    port: int = 9108
    """TCP port; 0 takes any free one, which the log names."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the daemon says about itself, on standard error."""

    level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    format: str = "auto"
    """`text`, `json`, or `auto`: text on a terminal, JSON lines elsewhere."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. Paths in it are absolute once `load_config` or `default_config` made it."""

    language: str = "zh"
    """Language of messages: `zh` or `en`."""
    capture: CaptureSettings = CaptureSettings()
    decode: DecodeSettings = DecodeSettings()
    flow: FlowSettings = FlowSettings()
    protocol: ProtocolSettings = ProtocolSettings()
    intake: IntakeSettings = IntakeSettings()
    detect: DetectSettings = DetectSettings()
    playbook: PlaybookSettings = PlaybookSettings()
    rule: RuleSettings = RuleSettings()
    ledger: LedgerSettings = LedgerSettings()
    incident: IncidentSettings = IncidentSettings()
    notify: NotifySettings = NotifySettings()
    duty: DutySettings = DutySettings()
    store: StoreSettings = StoreSettings()
    output: OutputSettings = OutputSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    root: Path = field(default=Path(), metadata={"key": False})
    """Folder that relative paths start from: the configuration file's. Not a key of the file."""
    file: Path | None = field(default=None, compare=False, metadata={"key": False})
    """The configuration file itself, for what is read again while everything runs; None without one."""
