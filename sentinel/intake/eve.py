"""Suricata's EVE: what it says of traffic in our kinds, its alerts and the rest as records for rules to grade."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, Final

from sentinel.event import Event, Log
from sentinel.intake.record import Record
from sentinel.intake.stamp import stamp_form
from sentinel.intake.typed import Untyped, event_maker

__all__ = ["EveReader", "is_eve"]

_read_time: Final = stamp_form("auto")
Values = dict[str, Any]


def is_eve(fields: Mapping[str, Any]) -> bool:
    """Whether a JSON record is one of EVE's."""
    return "event_type" in fields and "timestamp" in fields


def _flow(fields: Mapping[str, Any], values: Values) -> Values | None:
    flow = _inner(fields, "flow")
    start = _moment(flow.get("start"))
    end = _moment(flow.get("end"))
    proto = str(fields.get("proto", "")).lower()
    values.update(
        {
            "proto": {"tcp": "tcp", "udp": "udp", "sctp": "sctp"}.get(
                proto, "icmp" if "icmp" in proto else "unknown_transport"
            ),
            "service": fields.get("app_proto")
            if fields.get("app_proto") not in ("failed", "unknown")
            else None,
            "duration": end - start if start is not None and end is not None else None,
            "orig_pkts": flow.get("pkts_toserver"),
            "resp_pkts": flow.get("pkts_toclient"),
            "orig_ip_bytes": flow.get("bytes_toserver"),
            "resp_ip_bytes": flow.get("bytes_toclient"),
            "vlan": _first(fields.get("vlan")),
            "community_id": fields.get("community_id"),
            "ts": start,
        }
    )
    values["history"] = "D" if proto == "udp" else "S"
    if proto == "tcp":
        values["conn_state"] = _state(fields, flow)
    return values


def _state(fields: Mapping[str, Any], flow: Mapping[str, Any]) -> str:
    """Zeek's summary, as near as Suricata's flags tell: no answer, refused, reset or well ended."""
    tcp = _inner(fields, "tcp")
    if not flow.get("pkts_toclient"):
        return "S0"
    if tcp.get("rst") and not tcp.get("psh") and flow.get("pkts_toclient", 0) <= 2:
        return "REJ"
    if tcp.get("rst"):
        return "RSTR"
    return "SF" if tcp.get("fin") else "S1"


def _dns(fields: Mapping[str, Any], values: Values) -> Values | None:
    dns = _inner(fields, "dns")
    queries = dns.get("queries") or dns.get("query")
    query = queries[0] if isinstance(queries, list) and queries and isinstance(queries[0], dict) else dns
    answer = dns.get("type") in ("answer", "response") or "answers" in dns
    answers = [entry for entry in dns.get("answers") or () if isinstance(entry, dict)]
    data = [entry["rdata"] for entry in answers if entry.get("rdata")] or (
        [dns["rdata"]] if dns.get("rdata") else []
    )
    values.update(
        {
            "proto": str(fields.get("proto", "udp")).lower(),
            "trans_id": dns.get("id"),
            "query": str(query.get("rrname", "")).lower() or None,
            "qtype_name": query.get("rrtype"),
            "rcode_name": dns.get("rcode") if answer else None,
            "AA": dns.get("aa"),
            "TC": dns.get("tc"),
            "RD": dns.get("rd"),
            "RA": dns.get("ra"),
            "answers": data or None,
            "TTLs": [entry.get("ttl", 0) for entry in answers if entry.get("rdata")] or None,
            "rejected": answer and not data and dns.get("rcode") not in (None, "NOERROR"),
        }
    )
    if answer and dns.get("type") == "answer" and not _asked_by_source(fields):
        # Version 1 and 2 write the answer's own direction: from the server.
        for one, other in (("id.orig_h", "id.resp_h"), ("id.orig_p", "id.resp_p")):
            values[one], values[other] = values.get(other), values.get(one)
    return values


def _asked_by_source(fields: Mapping[str, Any]) -> bool:
    return bool(fields.get("src_port") != 53)


def _http(fields: Mapping[str, Any], values: Values) -> Values | None:
    http = _inner(fields, "http")
    values.update(
        {
            "trans_depth": int(fields.get("tx_id") or 0) + 1,
            "method": http.get("http_method"),
            "host": http.get("hostname"),
            "uri": http.get("url"),
            "referrer": http.get("http_refer"),
            "version": str(http.get("protocol", "")).removeprefix("HTTP/") or None,
            "user_agent": http.get("http_user_agent"),
            "status_code": http.get("status"),
            "response_body_len": http.get("length"),
            "resp_content_type": http.get("http_content_type"),
            "location": http.get("redirect"),
            "x_forwarded_for": http.get("xff"),
        }
    )
    return values


def _tls(fields: Mapping[str, Any], values: Values) -> Values | None:
    tls = _inner(fields, "tls")
    values.update(
        {
            "version": str(tls.get("version", "")).replace("TLS 1.", "TLSv1").replace(" ", "v") or None,
            "server_name": tls.get("sni"),
            "resumed": tls.get("session_resumed"),
            "established": True,
            "subject": tls.get("subject"),
            "issuer": tls.get("issuerdn"),
            "ja3": _inner(tls, "ja3").get("hash"),
            "ja3s": _inner(tls, "ja3s").get("hash"),
            "ja4": tls.get("ja4"),
        }
    )
    return values


_KINDS: Final[dict[str, tuple[str, Callable[[Mapping[str, Any], Values], Values | None]]]] = {
    "flow": ("conn", _flow),
    "dns": ("dns", _dns),
    "http": ("http", _http),
    "tls": ("ssl", _tls),
}


class EveReader:
    """Makes the events of EVE records."""

    def events(self, record: Record) -> list[Event]:
        """The event of a JSON record that `is_eve`."""
        fields = record.fields or {}
        origin = record.origin
        kind = str(fields.get("event_type"))
        ts = _moment(fields.get("timestamp"))
        if ts is None:
            ts = record.ts if record.ts is not None else origin.last
        origin.last = record.ts = ts
        typed = _KINDS.get(kind)
        if typed is not None:
            try:
                values = typed[1](fields, _endpoints(record, fields))
                if values is not None:
                    told = values.pop("ts", None)
                    return [event_maker(typed[0]).make(ts if told is None else told, values)]
            except (Untyped, TypeError, ValueError, AttributeError):
                pass
        host = fields.get("host")
        return [
            Log(
                ts=ts,
                product="suricata",
                service=kind,
                source=origin.name,
                host=host if isinstance(host, str) else record.host or origin.host,
                fields=_renamed(fields),
            )
        ]


def _endpoints(record: Record, fields: Mapping[str, Any]) -> Values:
    flow = fields.get("flow_id")
    return {
        "uid": f"S{flow}" if flow is not None else record.uid,
        "id.orig_h": fields.get("src_ip"),
        "id.orig_p": fields.get("src_port", fields.get("icmp_type", 0)),
        "id.resp_h": fields.get("dest_ip"),
        "id.resp_p": fields.get("dest_port", fields.get("icmp_code", 0)),
    }


def _renamed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """With the address of the other side under Sigma's name too."""
    renamed = dict(fields)
    for theirs, ours in (("dest_ip", "dst_ip"), ("dest_port", "dst_port")):
        if theirs in fields:
            renamed.setdefault(ours, fields[theirs])
    return renamed


def _inner(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, Mapping) else {}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _moment(value: Any) -> float | None:
    return _read_time(value, UTC) if isinstance(value, str) else None
