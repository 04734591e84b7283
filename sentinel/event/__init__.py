"""Events: what every source writes and every rule reads."""

from sentinel.event.alert import Alert, Level
from sentinel.event.conn import Conn
from sentinel.event.event import KINDS, Event, FlowEvent, field_attributes
from sentinel.event.payload import Payload
from sentinel.event.tunnel import Tunnel
from sentinel.event.weird import Weird

__all__ = [
    "KINDS",
    "Alert",
    "Conn",
    "Event",
    "FlowEvent",
    "Level",
    "Payload",
    "Tunnel",
    "Weird",
    "field_attributes",
]
