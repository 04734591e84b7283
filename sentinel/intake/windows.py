"""Windows events as JSON, in whichever of their shapes, made flat as Sigma expects.

`EventID`, `Channel`, `Provider_Name`, `Computer` and the names of EventData stand side by side. Read are the
shapes of Winlogbeat (`winlog.*`, and version 6's `event_data`), of evtx_dump and python-evtx (`Event.System`),
of NXLog and the public data sets (flat), and of Wazuh (`data.win`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["flat_windows_event"]

_EVENT_IDS: Final = ("EventID", "EventId", "EventCode", "event_id", "eventid")
_CHANNELS: Final = ("Channel", "LogName", "log_name", "winlog_channel", "channel")
_PROVIDERS: Final = (
    "Provider_Name",
    "SourceName",
    "ProviderName",
    "source_name",
    "provider_name",
    "provider",
)
_COMPUTERS: Final = ("Computer", "Hostname", "ComputerName", "computer_name", "MachineName", "computer")
_TIMES: Final = (
    "TimeCreated",
    "UtcTime",
    "EventTime",
    "SystemTime",
    "@timestamp",
    "event_original_time",
    "TimeGenerated",
)


def flat_windows_event(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """The flat record, with the time under `@timestamp`; None where it is no Windows event."""
    if isinstance(fields.get("Event"), Mapping) and isinstance(fields["Event"].get("System"), Mapping):
        return _from_xml(fields["Event"])
    if isinstance(fields.get("System"), Mapping) and "EventID" in fields["System"]:
        return _from_xml(fields)
    if isinstance(fields.get("winlog"), Mapping):
        return _from_winlogbeat(fields, fields["winlog"])
    if isinstance(fields.get("event_data"), Mapping) and "event_id" in fields:
        return _from_winlogbeat(fields, fields)
    win = _inner(_inner(fields, "data"), "win") or _inner(fields, "win")
    if isinstance(win.get("system"), Mapping):
        return _from_wazuh(fields, win)
    return _from_flat(fields)


def _from_xml(event: Mapping[str, Any]) -> dict[str, Any]:
    system = event["System"]
    flat: dict[str, Any] = {}
    for part in ("EventData", "UserData", "ProcessingErrorData"):
        data = event.get(part)
        if isinstance(data, Mapping):
            _add_data(flat, data)
    for name, value in system.items():
        if name in ("Provider", "TimeCreated", "Execution", "Security", "Correlation"):
            attributes = _attributes(value)
            for attribute, told in attributes.items():
                flat.setdefault(f"{name}_{attribute}", told)
        elif name == "EventID":
            flat["EventID"] = _number(_text_of(value))
        elif name not in ("#attributes", "@xmlns"):
            flat[name] = _text_of(value)
    stamp = _attributes(system.get("TimeCreated")).get("SystemTime") or system.get("TimeCreated")
    if isinstance(stamp, str):
        flat["@timestamp"] = stamp
    if isinstance(system.get("Provider"), str):
        flat["Provider_Name"] = system["Provider"]
    return flat


def _add_data(flat: dict[str, Any], data: Mapping[str, Any]) -> None:
    for name, value in data.items():
        if name in ("#attributes", "@xmlns", "xmlns", "@Name"):
            continue
        if name == "Data" and isinstance(value, (list, Mapping)):
            _add_named(flat, value if isinstance(value, list) else [value])
        elif isinstance(value, Mapping):
            if "#text" in value:
                flat[name] = value["#text"]
            else:
                _add_data(flat, value)
        else:
            flat[name] = value


def _add_named(flat: dict[str, Any], items: list[Any]) -> None:
    unnamed: list[Any] = []
    for item in items:
        if isinstance(item, Mapping):
            name = _attributes(item).get("Name")
            if name:
                flat[str(name)] = item.get("#text", item.get("text", ""))
            elif "#text" in item:
                text = item["#text"]
                unnamed += text if isinstance(text, list) else [text]
        else:
            unnamed.append(item)
    if unnamed:
        flat["Data"] = unnamed if len(unnamed) > 1 else unnamed[0]


def _attributes(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    inner = value.get("#attributes")
    if isinstance(inner, Mapping):
        return dict(inner)
    return {name.removeprefix("@"): told for name, told in value.items() if not name.startswith("#")}


def _text_of(value: Any) -> Any:
    return value.get("#text") if isinstance(value, Mapping) else value


def _from_winlogbeat(fields: Mapping[str, Any], winlog: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for part in ("event_data", "user_data"):
        data = winlog.get(part)
        if isinstance(data, Mapping):
            flat.update({name: value for name, value in data.items() if not name.startswith("#")})
    for ours, theirs in (
        ("EventID", ("event_id",)),
        ("Channel", ("channel", "log_name")),
        ("Provider_Name", ("provider_name", "source_name")),
        ("Computer", ("computer_name",)),
        ("Task", ("task",)),
        ("Level", ("level",)),
        ("Keywords", ("keywords",)),
        ("Opcode", ("opcode",)),
        ("EventRecordID", ("record_id", "record_number")),
    ):
        value = next((winlog[name] for name in theirs if name in winlog), None)
        if value is not None:
            flat[ours] = _number(value) if ours == "EventID" else value
    if isinstance(fields.get("message"), str):
        flat.setdefault("Message", fields["message"])
    host = fields.get("host")
    if "Computer" not in flat and isinstance(host, Mapping):
        flat["Computer"] = host.get("name")
    stamp = _inner(winlog, "time_created") or winlog.get("time_created") or fields.get("@timestamp")
    flat["@timestamp"] = stamp if isinstance(stamp, str) else fields.get("@timestamp")
    return flat


def _from_wazuh(fields: Mapping[str, Any], win: Mapping[str, Any]) -> dict[str, Any]:
    system = win["system"]
    flat = {name[:1].upper() + name[1:]: value for name, value in _inner(win, "eventdata").items()}
    for ours, theirs in (
        ("Channel", "channel"),
        ("Provider_Name", "providerName"),
        ("Computer", "computer"),
        ("Message", "message"),
        ("Level", "level"),
        ("Task", "task"),
    ):
        if theirs in system:
            flat[ours] = system[theirs]
    flat["EventID"] = _number(system.get("eventID"))
    flat["@timestamp"] = system.get("systemTime") or fields.get("timestamp") or fields.get("@timestamp")
    return flat


def _from_flat(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    identity = _first(fields, _EVENT_IDS)
    channel, provider = _first(fields, _CHANNELS), _first(fields, _PROVIDERS)
    if identity is None or (channel is None and provider is None):
        return None
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if name in ("EventData", "UserData") and isinstance(value, Mapping):
            _add_data(flat, value)
        else:
            flat[name] = value
    flat["EventID"] = _number(identity)
    told = {"Channel": channel, "Provider_Name": provider, "Computer": _first(fields, _COMPUTERS)}
    flat.update((name, value) for name, value in told.items() if value is not None)
    stamp = _first(fields, _TIMES)
    if isinstance(stamp, Mapping):
        stamp = _attributes(stamp).get("SystemTime")
    if stamp is not None:
        flat["@timestamp"] = stamp
    return flat


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        value = fields.get(name)
        if value is not None and value != "":
            return value
    return None


def _inner(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> Any:
    text = _text_of(value)
    try:
        return int(text)
    except (TypeError, ValueError):
        return text
