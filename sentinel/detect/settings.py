"""Settings of the detectors."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DetectSettings"]


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Hosts and ports tried without success; Zeek's figures where it has some."""

    ports: int = 15
    """Ports of one host within `window`."""
    hosts: int = 25
    """Hosts on one port within `window`."""
    distant_hosts: int = 100
    """The same where the hosts are not ours: a client cut off from the Internet tries many."""
    window: float = 300.0
    """Seconds."""
    slow_ports: int = 40
    """Ports of one host within `slow_window`."""
    slow_hosts: int = 60
    """Hosts on one port within `slow_window`."""
    slow_window: float = 12 * 3600.0
    """Seconds."""
    brisk_ports: int = 8
    """Ports of one host that refused or did not answer within `brisk_window`: a short list tried at once."""
    brisk_window: float = 5.0
    """Seconds."""
    stealth_ports: int = 3
    """Ports asked with packets that no connection begins with, within `window`."""


@dataclass(frozen=True, slots=True)
class GuessingSettings:
    """Failed log-ins of one host on one service of another."""

    failures: int = 10
    """Within `window`."""
    window: float = 300.0
    """Seconds."""
    slow_failures: int = 40
    """Within `slow_window`."""
    slow_window: float = 6 * 3600.0
    """Seconds."""
    spray_users: int = 10
    """Users tried by one host on one service within `slow_window`, a few times each."""
    success_within: float = 1800.0
    """Seconds after guessing in which a log-in counts as its fruit."""


@dataclass(frozen=True, slots=True)
class FormLoginSettings:
    """Posts to a log-in page that are answered alike."""

    posts: int = 20
    """Within `window`."""
    window: float = 300.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class ContentScanSettings:
    """Web pages asked for in vain."""

    pages: int = 60
    """Different ones within `window`."""
    window: float = 300.0
    """Seconds."""
    refused_ratio: float = 0.5
    """Share of the requests that were refused."""


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """Hosts called one after the other."""

    pinged: int = 30
    """Within `ping_window`."""
    ping_window: float = 60.0
    """Seconds."""
    smb_hosts: int = 20
    """Within `smb_window`."""
    smb_window: float = 60.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class FloodSettings:
    """What comes down on one host within `window`."""

    window: float = 10.0
    """Seconds."""
    half_open: int = 300
    """TCP connections to one port that are begun and never confirmed."""
    half_open_ratio: float = 0.7
    """Their share of all connections to the port."""
    udp_packets: int = 50_000
    """Datagrams in flows that were not answered."""
    udp_flows: int = 2_000
    """Flows of datagrams that were not answered, however few in each."""
    tcp_packets: int = 2_000
    """TCP packets to one port that belong to no connection."""
    icmp_packets: int = 5_000
    reflected_packets: int = 2_000
    """Datagrams from the ports of reflecting services that were not asked for."""
    any_queries: int = 50
    """DNS queries of type ANY by one host."""
    held: int = 50
    """Web connections that one host holds open without a request, within `held_window`."""
    held_window: float = 300.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class ForbiddenSettings:
    """Where nothing of ours should be."""

    no_internet: tuple[str, ...] = ()
    """Networks whose hosts may not reach the Internet (access class A)."""
    allowed_outside: tuple[str, ...] = ()
    """Networks outside that they may reach all the same."""
    dark: tuple[str, ...] = ()
    """Networks and addresses of ours that nobody uses."""
    terminals: tuple[str, ...] = ()
    """Networks of self-service machines, cameras and other devices of one purpose."""
    terminal_peers: tuple[str, ...] = ()
    """Networks that those may talk to, and that may administer them."""


@dataclass(frozen=True, slots=True)
class ArpSettings:
    """Hardware addresses and who claims what."""

    gateways: tuple[str, ...] = ()
    """Addresses of gateways: one that moves to other hardware is told at once."""
    window: float = 300.0
    """Seconds in which two owners of one address are in conflict."""
    returns: int = 2
    """Times an address goes back to an owner it had just left, within `window`."""
    asked: int = 60
    """Addresses asked for by one host within `ask_window`."""
    ask_window: float = 60.0
    """Seconds."""
    unsolicited: int = 10
    """Answers of one host to no question, within `window`."""


@dataclass(frozen=True, slots=True)
class DhcpSettings:
    """Who hands out addresses."""

    servers: tuple[str, ...] = ()
    """Networks of the servers that may. Empty: a second one that answers the same client is told."""
    clients: int = 100
    """Hardware addresses that ask for an address within `window`."""
    window: float = 60.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class BeaconSettings:
    """Regular calls of one host to another outside."""

    connections: int = 20
    """At least, before a pair is scored."""
    least_span: float = 600.0
    """Seconds from the first of them to the last."""
    score: float = 0.85
    """0 … 1, as docs/detectors.md explains."""


@dataclass(frozen=True, slots=True)
class DnsWatchSettings:
    """Names that carry data, and names made up."""

    window: float = 3600.0
    """Seconds."""
    unique: int = 100
    """Different names below one registered domain within `window`."""
    least_unique: int = 30
    """Fewer are never a tunnel, whatever they look like."""
    coded: int = 50
    """Different names like coded data to one server within `window`, where they share no domain."""
    unknown: int = 25
    """Domains that do not exist within `unknown_window`, most of them random."""
    unknown_window: float = 600.0
    """Seconds."""
    resolvers: tuple[str, ...] = ()
    """Networks of the resolvers that our hosts should ask; empty: any."""
    foreign: int = 5
    """Queries of one of our hosts to other resolvers within `window`."""
    allowed: tuple[str, ...] = (
        "akadns.net",
        "akamai.net",
        "akamaiedge.net",
        "akamaihd.net",
        "amazonaws.com",
        "apple.com",
        "avast.com",
        "azure.com",
        "azureedge.net",
        "cloudfront.net",
        "eset.com",
        "fastly.net",
        "google.com",
        "googleusercontent.com",
        "gstatic.com",
        "icloud.com",
        "kaspersky.com",
        "mcafee.com",
        "microsoft.com",
        "msedge.net",
        "office.com",
        "sophosxl.net",
        "spamhaus.org",
        "surbl.org",
        "trendmicro.com",
        "uribl.com",
        "windows.com",
        "windowsupdate.com",
    )
    """Registered domains whose names are long or many by design: delivery networks, reputation, telemetry."""


@dataclass(frozen=True, slots=True)
class TransferSettings:
    """Data on its way out."""

    counted_bytes: int = 10_000
    """Connections that send less are not counted."""
    least_bytes: int = 50_000_000
    """Less within an hour is never worth a word."""
    times_usual: float = 5.0
    """Times the busiest hour before."""
    learn_hours: int = 48
    """Hours of a host that must be known before it is compared with itself."""
    large_bytes: int = 1_000_000_000
    """Within an hour, however usual."""
    long_duration: float = 4 * 3600.0
    """Seconds that a connection lasts."""
    ping_bytes: int = 100_000
    """In echo requests and replies of one flow, larger than ordinary ones."""


@dataclass(frozen=True, slots=True)
class WeirdStormSettings:
    """Oddities of one name from one host within `window`."""

    window: float = 300.0
    """Seconds."""
    oddities: int = 500
    conflicts: int = 10
    """Retransmissions that differ from what was sent first."""


@dataclass(frozen=True, slots=True)
class RenamingSettings:
    """Files on shares that get a strange suffix."""

    files: int = 50
    """Of one host within `window`."""
    window: float = 60.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class FirstSeenSettings:
    """What a host never did before."""

    learn: float = 7 * 24 * 3600.0
    """Seconds from a host's first connection in which nothing is told of it."""
    peers: int = 20
    """Outside networks, and ways of administration, of one host; one with more has no habits."""
    networks: int = 10
    """Other networks of ours that one host goes to."""
    quiet: float = 600.0
    """Seconds in which the same is not told again of a host."""


@dataclass(frozen=True, slots=True)
class VolumeSettings:
    """Traffic between ours and others, against the week before."""

    bits: int = 100_000_000
    """A second; less is never worth a word."""
    packets: int = 20_000
    """A second; the same of packets."""
    times: float = 3.0
    """Times the 99th percentile of minutes."""
    learn: float = 2 * 24 * 3600.0
    """Seconds that must be known before minutes are compared."""


@dataclass(frozen=True, slots=True)
class WebShellSettings:
    """Signs of web shells, scored together."""

    posts: int = 5
    """Of one client to one script, before it is judged."""
    window: float = 3600.0
    """Seconds from the first request."""
    score: int = 60
    """Of 100."""


@dataclass(frozen=True, slots=True)
class AdministrationSettings:
    """Log-ins to what machines are administered by."""

    services: tuple[str, ...] = ("ssh", "telnet", "rdp", "vnc")
    """As `auth` events and notices name them."""
    office_hours: str = "07:30-20:00"
    """Of the zone `intake.zone`; empty: no hours are odd."""
    office_days: tuple[int, ...] = (1, 2, 3, 4, 5)
    """1 is Monday."""
    learn: float = 7 * 24 * 3600.0
    """Seconds from the first log-in to a host in which nothing is told of its nights."""
    origins: tuple[str, ...] = ()
    """Networks from which machines are administered; empty: any of ours."""


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """Which detectors run, what they may keep, and whom they excuse."""

    disabled: tuple[str, ...] = ()
    """Names of detectors that do not run."""
    max_entries: int = 20_000
    """Entries of each detector's table at most."""
    quiet: float = 3600.0
    """Seconds in which a detector does not tell the same again."""
    authorised_scanners: tuple[str, ...] = ()
    """Networks of vulnerability scanners and monitoring: they may scan, sweep and try passwords."""
    shared_hosts: tuple[str, ...] = ()
    """Networks of proxies, address translation and resolvers: one address stands for many people."""
    scan: ScanSettings = ScanSettings()
    guessing: GuessingSettings = GuessingSettings()
    form_login: FormLoginSettings = FormLoginSettings()
    content_scan: ContentScanSettings = ContentScanSettings()
    sweep: SweepSettings = SweepSettings()
    flood: FloodSettings = FloodSettings()
    forbidden: ForbiddenSettings = ForbiddenSettings()
    arp: ArpSettings = ArpSettings()
    dhcp: DhcpSettings = DhcpSettings()
    beacon: BeaconSettings = BeaconSettings()
    dns: DnsWatchSettings = DnsWatchSettings()
    transfer: TransferSettings = TransferSettings()
    renaming: RenamingSettings = RenamingSettings()
    first_seen: FirstSeenSettings = FirstSeenSettings()
    weird_storm: WeirdStormSettings = WeirdStormSettings()
    administration: AdministrationSettings = AdministrationSettings()
    web_shell: WebShellSettings = WebShellSettings()
    volume: VolumeSettings = VolumeSettings()
