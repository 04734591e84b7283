"""One message to one channel, whichever way its address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from sentinel.notify import mqtt, syslog
from sentinel.notify.apprise import tell
from sentinel.notify.fault import DeliveryError
from sentinel.notify.http import post
from sentinel.notify.settings import ChannelSettings
from sentinel.secret import SecretError, reveal
from sentinel.text import text

__all__ = ["send"]


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
            # In such an address a secret stands between signs that part it.
            address = reveal(channel.url, lambda secret: quote(secret, safe=""))
            tell(channel, address, fields.get("title", ""), fields.get("text", ""))
        else:
            raise DeliveryError(text("notify.unusable"))
    except SecretError as error:
        raise DeliveryError(str(error)) from error
    except ValueError as error:
        raise DeliveryError(text("notify.unusable")) from error
