"""Channels out: what people are told, from an outbox that loses nothing."""

from sentinel.notify.delivery import Delivery
from sentinel.notify.fault import DeliveryError
from sentinel.notify.feed import Document, Feed, Source
from sentinel.notify.notice import Notice
from sentinel.notify.settings import ChannelSettings, FeedSettings, NotifySettings

__all__ = [
    "ChannelSettings",
    "Delivery",
    "DeliveryError",
    "Document",
    "Feed",
    "FeedSettings",
    "Notice",
    "NotifySettings",
    "Source",
]
