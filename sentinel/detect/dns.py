"""DNS as a way out: names that carry data, and names that malware makes up to find its master."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.randomness import entropy, looks_random, registered_domain
from sentinel.detect.targets import Targets
from sentinel.event import Dns, Notice
from sentinel.network import NetworkSet
from sentinel.text import text

__all__ = ["DnsWatch"]

_NULL, _TXT, _NXDOMAIN = 10, 16, 3
_LOCAL_PORTS = frozenset({137, 5353, 5355})
_NOBODYS = frozenset(
    {"arpa", "local", "localdomain", "lan", "home", "internal", "localhost", "intranet", "corp"}
)
_DGA_RANDOM = 0.6
"""Share of the unknown names that look random."""


class _Domain(Targets):
    """One host's queries below one registered domain: names asked, and what they look like.

    The four counts are halved once a window: of them only their proportions are asked.
    """

    __slots__ = ("begun", "coded", "nulls", "queries", "texts", "told")

    def __init__(self) -> None:
        super().__init__()
        self.begun = float("-inf")
        self.queries = self.coded = self.texts = self.nulls = 0.0
        self.told = 0
        """Certainty that was last told."""

    def count(self, ts: float, window: float, coded: bool, qtype: int | None) -> None:
        if ts > self.begun + window:
            self.begun = ts
            self.queries, self.coded = self.queries / 2, self.coded / 2
            self.texts, self.nulls = self.texts / 2, self.nulls / 2
        self.queries += 1
        self.coded += coded
        self.texts += qtype == _TXT
        self.nulls += qtype == _NULL


class DnsWatch(Detector):
    """`DNS::Tunnel` and `DNS::Possible_Tunnel` by registered domain, `DNS::Coded_Queries` by server where the
    names have no common domain, `DNS::Generated_Domains` for hosts that ask for many random names in vain,
    `DNS::Foreign_Resolver` for hosts of ours that ask others than the configured resolvers.
    """

    name: ClassVar[str] = "dns"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._domains = self.table(_Domain, 0.5)
        self._coded = self.table(Targets, 0.25)
        self._unknown = self.table(Targets, 0.25)
        self._resolvers = NetworkSet(self.settings.dns.resolvers)
        self._foreign = self.table(Targets, 0.25)
        self._allowed = frozenset(name.lower().strip(".") for name in self.settings.dns.allowed)
        self.reads = {"dns": self._see}

    def _see(self, events: Sequence[Dns]) -> Iterator[Notice]:
        for event in events:
            query = event.query
            if not query or event.resp_p in _LOCAL_PORTS or event.orig_h in self.scene.shared:
                continue
            if not self._resolvers.empty:
                yield from self._ask(event)
            domain = registered_domain(query)
            if domain in self._allowed or domain.rpartition(".")[2] in _NOBODYS:
                continue
            below = query[: -len(domain) - 1]
            if below and below != "www":
                yield from self._name(event, query, domain, below)
            if event.rcode == _NXDOMAIN and "." in domain:
                yield from self._not_there(event, domain)

    def _ask(self, event: Dns) -> Iterator[Notice]:
        """A host of ours that asks others than the resolvers it should."""
        if (
            event.orig_h not in self.scene.local
            or event.orig_h in self._resolvers
            or event.resp_h in self._resolvers
        ):
            return
        dns, ts = self.settings.dns, event.ts
        asked = self._foreign.at(event.orig_h)
        asked.add((event.resp_h, event.query), ts, dns.foreign, dns.window)
        number = asked.reached(dns.foreign, ts, dns.window)
        if not number or ts < asked.quiet_until:
            return
        asked.quiet_until = ts + self.settings.quiet
        msg = text("detect.foreign-resolver", src=event.orig_h, dst=event.resp_h, number=number)
        figures = {"queries": number, "threshold": dns.foreign, "window_seconds": dns.window}
        yield self._told(event, "Foreign_Resolver", msg, event.resp_h, number, figures)

    def _name(self, event: Dns, query: str, domain: str, below: str) -> Iterator[Notice]:
        dns, ts = self.settings.dns, event.ts
        coded = _is_coded(query, below)
        if coded:
            yield from self._code(event, query)
        found = self._domains.at((event.orig_h, domain))
        found.count(ts, dns.window, coded, event.qtype)
        if not found.add(below, ts, dns.unique, dns.window) or len(found.seen) < dns.least_unique:
            return
        if ts >= found.quiet_until:
            found.told = 0
        unique = found.within(ts, dns.window)
        shares = {
            "coded_share": found.coded / found.queries,
            "txt_share": found.texts / found.queries,
            "null_share": found.nulls / found.queries,
        }
        certainty = self._certainty(unique, **shares)
        if certainty <= found.told:
            return
        found.told, found.quiet_until = certainty, ts + self.settings.quiet
        note = ("Possible_Tunnel", "Tunnel")[certainty - 1]
        values = {"src": event.orig_h, "domain": domain, "number": unique, "minutes": round(dns.window / 60)}
        yield self._told(
            event,
            note,
            text("detect.dns-tunnel", percent=round(100 * shares["coded_share"]), **values),
            domain,
            unique,
            {
                "unique_names": unique,
                "threshold": dns.unique,
                "queries": round(found.queries),
                **{name: round(share, 3) for name, share in shares.items()},
                "last_name_length": len(query),
                "last_name_entropy": round(entropy(below), 2),
            },
        )

    def _certainty(self, unique: int, coded_share: float, txt_share: float, null_share: float) -> int:
        """2 for a tunnel, 1 for what may be one, 0 for none: one sign alone is not enough."""
        dns = self.settings.dns
        signs = (
            2 * (coded_share >= 0.5) + (txt_share >= 0.5) + 2 * (null_share >= 0.2) + (unique >= dns.unique)
        )
        if unique < dns.least_unique or signs < 2 or (signs == 2 and coded_share >= 0.5):
            return 0
        return 2 if signs > 2 and (unique >= dns.unique or null_share >= 0.2) else 1

    def _code(self, event: Dns, query: str) -> Iterator[Notice]:
        """Coded names of one host to one server, whatever their domains."""
        dns, ts = self.settings.dns, event.ts
        coded = self._coded.at((event.orig_h, event.resp_h))
        if not coded.add(query, ts, dns.coded, dns.window) or ts < coded.quiet_until:
            return
        domains = {registered_domain(name) for name in coded.seen} if len(coded.seen) >= dns.coded else set()
        if len(domains) < dns.coded / 2:
            return  # few domains: each is told by itself
        coded.quiet_until = ts + self.settings.quiet
        number = coded.within(ts, dns.window)
        values = {
            "src": event.orig_h,
            "dst": event.resp_h,
            "number": number,
            "minutes": round(dns.window / 60),
        }
        figures = {"coded_names": number, "threshold": dns.coded, "domains": len(domains)}
        yield self._told(event, "Coded_Queries", text("detect.dns-coded", **values), query, number, figures)

    def _not_there(self, event: Dns, domain: str) -> Iterator[Notice]:
        dns, ts = self.settings.dns, event.ts
        unknown = self._unknown.at(event.orig_h)
        if not unknown.add(domain, ts, dns.unknown, dns.unknown_window) or ts < unknown.quiet_until:
            return
        number = unknown.reached(dns.unknown, ts, dns.unknown_window)
        if not number:
            return
        share = sum(looks_random(name.partition(".")[0]) for name in unknown.seen) / len(unknown.seen)
        if share < _DGA_RANDOM:
            return
        unknown.quiet_until = ts + self.settings.quiet
        values = {"src": event.orig_h, "number": number, "minutes": round(dns.unknown_window / 60)}
        msg = text("detect.dga", percent=round(100 * share), **values)
        figures = {
            "unknown_domains": number,
            "threshold": dns.unknown,
            "window_seconds": dns.unknown_window,
            "random_share": round(share, 3),
        }
        yield self._told(event, "Generated_Domains", msg, unknown.shown(10), number, figures)

    def _told(
        self, event: Dns, note: str, msg: str, sub: str, number: int, figures: dict[str, float]
    ) -> Notice:
        return self.notice(
            f"DNS::{note}",
            event.ts,
            msg=msg,
            sub=sub,
            uid=event.uid,
            proto=event.proto,
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=number,
            figures=figures,
        )


def _is_coded(query: str, below: str) -> bool:
    """A name that carries data: long, with a long label, and more even letters than words have."""
    longest = max(query.split("."), key=len)
    if len(query) <= 50 and len(longest) < 30 and (len(below) < 24 or "." in below):
        return False
    return len(longest) >= 24 and entropy(longest) >= 3.2
