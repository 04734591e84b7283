"""Settings of playbooks."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.broker import PeerSettings

__all__ = [
    "BrokerSettings", "CommandSettings", "DeviceSettings", "PlaybookSettings", "ScriptSettings", "SecretSettings",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScriptSettings:
    """A script that playbooks may run."""

    name: str
    """File name in the folder of scripts."""
    arguments: tuple[str, ...] = ()
    """One regular expression for each argument, in order, that it must match whole."""


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """A command that playbooks may give to a device."""

    name: str
    lines: tuple[str, ...]
    """What is run or typed; `{1}` stands for the first argument. Typed lines end with what logs out."""
    arguments: tuple[str, ...] = ()
    """One regular expression for each argument, in order, that it must match whole."""
    typed: bool = False
    """Lines are typed at the device's own prompt (switches, firewalls); otherwise the one line is run as a command."""
    expect: str = ""
    """A regular expression that the answer must contain; empty: any."""
    wrong: str = r"(?i)\b(error|unrecognized|invalid|incomplete|denied)\b"
    """A regular expression by which the answer of a typed command is known as a refusal; empty: none."""


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """A device that playbooks may reach over SSH."""

    name: str
    host: str
    user: str
    host_key: str
    """The device's public key as in `known_hosts` (`ssh-ed25519 AAAA…`): a device that shows another is not spoken to."""
    port: int = 22
    key: str = ""
    """File (mode 0600) of our private key; empty: the password."""
    password: str = ""
    """By reference: `${env:NAME}`, `${file:/path}`."""
    timeout: float = 10.0
    """Seconds to reach it and log in."""
    commands: tuple[CommandSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokerSettings(PeerSettings):
    """An MQTT broker that playbooks may publish to."""

    name: str
    url: str
    """`mqtts://host/path`: topics lie under the path."""


@dataclass(frozen=True, slots=True)
class SecretSettings:
    """A secret that playbooks may name: `${secret:name}`."""

    name: str
    value: str
    """Where it is: `${env:NAME}`, `${file:/path}`."""


@dataclass(frozen=True, slots=True)
class PlaybookSettings:
    """Which playbooks there are, who may approve, what actions may reach."""

    paths: tuple[str, ...] = ("playbooks",)
    """Folders of playbooks."""
    most: int = 5000
    """Runs under way at once; more wait in the queue."""
    starts: int = 60
    """Runs that alerts may start in a minute; more are counted and not started."""
    open_most: int = 20
    """Runs of one playbook, started by alerts and not yet ended, past which alerts start no more of it."""
    officers: tuple[str, ...] = ()
    """Names of those who answer as officer on duty; empty: anyone, by the name they give."""
    leaders: tuple[str, ...] = ()
    """Names of those who answer as leader on duty."""
    in_charge: tuple[str, ...] = ()
    """Names of those who answer as person in charge."""
    never_block: tuple[str, ...] = ()
    """Networks that are never blocked, besides gateways, DNS servers and this host."""
    never_block_assets: tuple[str, ...] = ("服务器", "网络", "安全", "业务系统", "网站", "数据", "云")
    """Classes of registered assets that are never blocked; `*` for all. CII never is."""
    evidence: str = "state/evidence"
    """Folder of the evidence packages that playbooks collect."""
    evidence_keep: float = 365 * 86400.0
    """Seconds after the end of its incident for which a package is kept."""
    evidence_size: int = 20 << 30
    """Bytes of all packages; past that those of the incidents that ended first go. What is still needed stays."""
    gatekeeper: str = "/run/sentinel-gatekeeper/socket"
    """Socket of the privileged program that blocks addresses."""
    scripts_folder: str = ""
    """Folder of scripts that playbooks may run; empty: none."""
    scripts: tuple[ScriptSettings, ...] = ()
    devices: tuple[DeviceSettings, ...] = ()
    brokers: tuple[BrokerSettings, ...] = ()
    http_inside: tuple[str, ...] = ()
    """Loopback and link-local networks that HTTP requests may reach nevertheless."""
    secrets: tuple[SecretSettings, ...] = ()
