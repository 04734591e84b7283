"""Channels out: what people are told, from an outbox that loses nothing."""

from sentinel.notify.delivery import Delivery
from sentinel.notify.fault import DeliveryError
from sentinel.notify.notice import Notice
from sentinel.notify.settings import ChannelSettings, NotifySettings

__all__ = ["ChannelSettings", "Delivery", "DeliveryError", "Notice", "NotifySettings"]
