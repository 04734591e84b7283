"""Events: what every source writes and every rule reads."""

from sentinel.event.alert import Alert, Level
from sentinel.event.conn import Conn
from sentinel.event.dns import Dns
from sentinel.event.event import KINDS, Event, FlowEvent, field_attributes
from sentinel.event.ftp import Ftp
from sentinel.event.http import Http
from sentinel.event.payload import Payload
from sentinel.event.smtp import Smtp
from sentinel.event.ssh import Ssh
from sentinel.event.ssl import Ssl
from sentinel.event.tunnel import Tunnel
from sentinel.event.weird import Weird
from sentinel.event.x509 import X509

__all__ = [
    "Http",
    "KINDS",
    "X509",
    "Alert",
    "Conn",
    "Dns",
    "Event",
    "FlowEvent",
    "Ftp",
    "Level",
    "Payload",
    "Smtp",
    "Ssh",
    "Ssl",
    "Tunnel",
    "Weird",
    "field_attributes",
]
