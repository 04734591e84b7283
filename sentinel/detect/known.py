"""All detectors: a new one is added here."""

from __future__ import annotations

from sentinel.detect.administration import Administration
from sentinel.detect.arp import ArpWatch
from sentinel.detect.beacon import Beacon
from sentinel.detect.content_scan import ContentScan
from sentinel.detect.detector import Detector
from sentinel.detect.dhcp import DhcpWatch
from sentinel.detect.dns import DnsWatch
from sentinel.detect.first_seen import FirstSeen
from sentinel.detect.flood import Flood
from sentinel.detect.forbidden import Forbidden
from sentinel.detect.form_login import FormLogin
from sentinel.detect.guessing import Guessing
from sentinel.detect.renaming import Renaming
from sentinel.detect.scan import Scan
from sentinel.detect.sweep import Sweep
from sentinel.detect.transfer import Transfer
from sentinel.detect.volume import Volume
from sentinel.detect.web_shell import WebShell
from sentinel.detect.weird_storm import WeirdStorm

__all__ = ["DETECTORS"]

DETECTORS: tuple[type[Detector], ...] = (
    Guessing,
    FormLogin,
    Scan,
    Sweep,
    ContentScan,
    Flood,
    Forbidden,
    ArpWatch,
    DhcpWatch,
    DnsWatch,
    Beacon,
    Transfer,
    Renaming,
    FirstSeen,
    Administration,
    WebShell,
    Volume,
    WeirdStorm,
)
"""In the order in which they see a batch."""
