"""The Linux audit log: `type=SYSCALL msg=audit(1364481363.243:24287): …`, records of one event joined by serial."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any, Final

from sentinel.event import Auth, Event, Log
from sentinel.intake.record import Record

__all__ = ["AuditReader", "is_audit"]

_HEAD: Final = re.compile(r"(?:node=(\S+) )?type=(\S+) msg=audit\((\d+\.\d+):(\d+)\): ?")
_KERNEL: Final = re.compile(r"(?:\[ *\d+\.\d+\] )?(?:audit: )?type=(\d+) audit\((\d+\.\d+):(\d+)\): ?")
_PAIR: Final = re.compile(r"""(?:^|(?<=[\s'\x1d]))([A-Za-z_][\w\-]*)=(?:"([^"]*)"|'|(\([^)]*\)|[^\s']*))""")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+\Z")
_ENCODED: Final = frozenset(
    {"proctitle", "name", "exe", "comm", "cwd", "acct", "cmd", "data", "path", "key", "dir"}
)
"""Fields that are in hexadecimal where they hold blanks or quotes (unquoted)."""
_SHARED: Final = tuple(
    "auid uid euid suid fsuid gid ses pid ppid tty comm exe key syscall success exit cwd proctitle".split()
)
"""What the SYSCALL, CWD and PROCTITLE records of an event tell of its others too."""
_MOST_EVENTS: Final = 256
"""Events of which records may still come."""
_LONGEST_SHARED: Final = 1024
"""Letters of a value that is kept for an event's other records."""
_NUMBERS: Final = {
    "1100": "USER_AUTH", "1101": "USER_ACCT", "1102": "USER_MGMT", "1103": "CRED_ACQ", "1105": "USER_START",
    "1106": "USER_END", "1107": "USER_AVC", "1108": "USER_CHAUTHTOK", "1112": "USER_LOGIN", "1123": "USER_CMD",
    "1130": "SERVICE_START", "1131": "SERVICE_STOP", "1300": "SYSCALL", "1302": "PATH", "1305": "CONFIG_CHANGE",
    "1306": "SOCKADDR", "1307": "CWD", "1309": "EXECVE", "1326": "SECCOMP", "1327": "PROCTITLE", "1400": "AVC",
    "1701": "ANOM_ABEND", "1700": "ANOM_PROMISCUOUS",
}  # fmt: skip
_LOGINS: Final = frozenset({"USER_LOGIN", "USER_AUTH"})


def is_audit(text: str) -> bool:
    """Whether a message is a record of the audit log."""
    return "audit(" in text[:160] and (_HEAD.match(text) or _KERNEL.match(text)) is not None


class AuditReader:
    """Makes one `log` event of each record. A record also has what the earlier ones of its event said of the
    process (who, which program, where): so rules on one record can ask for both."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def events(self, record: Record) -> list[Event]:
        """The events of a record that `is_audit`; none where its header cannot be read."""
        text = record.text
        match = _HEAD.match(text)
        if match is not None:
            node, kind, stamp, serial = match.groups()
        else:
            match = _KERNEL.match(text)
            if match is None:
                return []
            node, (number, stamp, serial) = None, match.groups()
            kind = _NUMBERS.get(number, f"UNKNOWN[{number}]")
        origin = record.origin
        record.ts = origin.last = ts = float(stamp)
        host = record.host = node or record.host or origin.host
        fields = _pairs(text, match.end(), arguments=kind == "EXECVE")
        fields["type"] = kind
        shared = self._shared(f"{stamp}:{serial}", fields, kind)
        category = None
        if kind == "EXECVE":
            category = _execution(fields, shared)
        for name, value in shared.items():
            fields.setdefault(name, value)
        fields["message"] = text
        log = Log(
            ts=ts,
            product="linux",
            category=category,
            service="auditd",
            source=origin.name,
            host=host,
            fields=fields,
        )
        return [log, *_auths(record, ts, kind, fields)]

    def _shared(self, serial: str, fields: dict[str, Any], kind: str) -> dict[str, Any]:
        shared = self._known.get(serial)
        if shared is None:
            shared = self._known[serial] = {}
            if len(self._known) > _MOST_EVENTS:
                self._known.popitem(last=False)
        if kind in ("SYSCALL", "CWD", "PROCTITLE"):
            for name in _SHARED:
                if name in fields:
                    shared[name] = fields[name][:_LONGEST_SHARED]
        return shared


def _pairs(text: str, start: int, *, arguments: bool) -> dict[str, Any]:
    """`arguments`: a0, a1 … are text, not numbers."""
    fields: dict[str, Any] = {}
    for name, quoted, plain in _PAIR.findall(text, start):
        value = quoted or plain
        if not value and name == "msg":
            continue
        if (
            not quoted
            and (name in _ENCODED or (arguments and _argument(name)))
            and len(value) > 1
            and _HEX.match(value)
        ):
            value = bytes.fromhex(value).replace(b"\0", b" ").decode("utf-8", "backslashreplace").rstrip()
        fields.setdefault(name, value)
    return fields


def _argument(name: str) -> bool:
    return name[:1] == "a" and name[1:].isdecimal()


def _execution(fields: dict[str, Any], shared: dict[str, Any]) -> str:
    """An EXECVE record in the names of Sigma's category `process_creation` too."""
    count = fields.get("argc", "0")
    number = min(int(count), 1000) if count.isdecimal() else 0
    fields["CommandLine"] = " ".join(str(fields[name]) for i in range(number) if (name := f"a{i}") in fields)
    image = shared.get("exe") or fields.get("a0")
    process = {
        "Image": image,
        "CurrentDirectory": shared.get("cwd"),
        "User": shared.get("auid"),
        "ProcessId": shared.get("pid"),
        "ParentProcessId": shared.get("ppid"),
    }
    fields.update((name, value) for name, value in process.items() if value is not None)
    return "process_creation"


def _auths(record: Record, ts: float, kind: str, fields: dict[str, Any]) -> list[Event]:
    """Attempts to log in. Of sshd's two records an attempt only USER_LOGIN counts."""
    if kind not in _LOGINS:
        return []
    program = str(fields.get("exe", "")).rpartition("/")[2]
    service = {"sshd": "ssh", "sshd-session": "ssh", "vsftpd": "ftp", "": "linux"}.get(program, program)
    if (service == "ssh") != (kind == "USER_LOGIN"):
        return []
    result = str(fields.get("res", fields.get("result", "")))
    source = next(
        (fields[name] for name in ("addr", "hostname") if fields.get(name) not in (None, "", "?")), None
    )
    return [
        Auth(
            ts=ts,
            source=record.origin.name,
            host=record.host,
            service=service,
            user=_known(fields.get("acct")) or _known(fields.get("id")),
            src=source,
            success=result in ("success", "1", "yes"),
            message=_known(fields.get("op")),
        )
    ]


def _known(value: Any) -> str | None:
    return None if value in (None, "", "?", "(unknown)", "(unknown user)") else str(value)
