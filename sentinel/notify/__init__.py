"""Channels out: what people are told, from an outbox that loses nothing."""

from sentinel.notify.broker_line import BrokerLine
from sentinel.notify.delivery import Delivery
from sentinel.notify.fault import DeliveryError
from sentinel.notify.feed import Document, Feed, Line, Source
from sentinel.notify.notice import Notice
from sentinel.notify.settings import ChannelSettings, FeedSettings, NotifySettings
from sentinel.notify.syslog_line import SyslogLine

__all__ = [
    "BrokerLine",
    "ChannelSettings",
    "Delivery",
    "DeliveryError",
    "Document",
    "Feed",
    "FeedSettings",
    "Line",
    "Notice",
    "NotifySettings",
    "Source",
    "SyslogLine",
]
