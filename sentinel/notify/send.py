"""One message to one channel, whichever way its address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from sentinel.notify.fault import DeliveryError
from sentinel.notify.http import post
from sentinel.notify.mqtt import SCHEMES, publish
from sentinel.notify.settings import ChannelSettings
from sentinel.secret import SecretError, reveal
from sentinel.text import text

__all__ = ["send"]


def send(channel: ChannelSettings, fields: Mapping[str, str]) -> None:
    """Deliver one message. Blocks. Raises DeliveryError."""
    try:
        url = urlsplit(reveal(channel.url))
        (publish if url.scheme in SCHEMES else post)(channel, url, fields)
    except SecretError as error:
        raise DeliveryError(str(error)) from error
    except ValueError as error:
        raise DeliveryError(text("notify.unusable")) from error
