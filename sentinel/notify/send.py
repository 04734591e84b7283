"""One message to one channel, whichever way its address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from sentinel.notify import mqtt, syslog
from sentinel.notify.apprise import tell
from sentinel.notify.fault import DeliveryError
from sentinel.notify.http import post
from sentinel.notify.settings import ChannelSettings
from sentinel.secret import SecretError, reveal
from sentinel.text import text

__all__ = ["OURS", "address_of", "send"]

OURS: Final = frozenset(("http", "https")) | mqtt.SCHEMES | frozenset(syslog.SCHEMES)
"""Schemes that Apprise is not asked about."""


def send(channel: ChannelSettings, fields: Mapping[str, str]) -> None:
    """Deliver one message. Blocks. Raises DeliveryError."""
    try:
        url = urlsplit(reveal(channel.url))
        if url.scheme in mqtt.SCHEMES:
            mqtt.publish(channel, url, fields)
        elif url.scheme in syslog.SCHEMES:
            syslog.report(channel, url, fields)
        elif url.scheme in ("http", "https"):
            post(channel, url, fields)
        elif "://" in channel.url:
            tell(channel, address_of(channel), fields.get("title", ""), fields.get("text", ""))
        else:
            raise DeliveryError(text("notify.unusable"))
    except SecretError as error:
        raise DeliveryError(str(error)) from error
    except ValueError as error:
        raise DeliveryError(text("notify.unusable")) from error


def address_of(channel: ChannelSettings) -> str:
    """An address of Apprise with its secrets: they stand between signs that part it, and are quoted. Raises SecretError."""
    return reveal(channel.url, lambda secret: quote(secret, safe=""))
