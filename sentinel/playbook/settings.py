"""Settings of playbooks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PlaybookSettings", "ScriptSettings"]


@dataclass(frozen=True, slots=True)
class ScriptSettings:
    """A script that playbooks may run."""

    name: str
    """File name in the folder of scripts."""
    arguments: tuple[str, ...] = ()
    """One regular expression for each argument, in order, that it must match whole."""


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
    gatekeeper: str = "/run/sentinel-gatekeeper/socket"
    """Socket of the privileged program that blocks addresses."""
    scripts_folder: str = ""
    """Folder of scripts that playbooks may run; empty: none."""
    scripts: tuple[ScriptSettings, ...] = ()
    http_inside: tuple[str, ...] = ()
    """Loopback and link-local networks that HTTP requests may reach nevertheless."""
    secrets: str = ""
    """A file (mode 0600) of `name=value` lines; SENTINEL_SECRET_<NAME> in the environment comes first."""
