"""Whether a channel or a feed can be used, as far as can be told without sending anything."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from sentinel.notify.apprise import understands
from sentinel.notify.send import OURS, address_of
from sentinel.notify.settings import ChannelSettings, FeedSettings
from sentinel.secret import SecretError, reveal
from sentinel.text import text

__all__ = ["examine"]


def examine(settings: ChannelSettings | FeedSettings) -> Iterator[str]:
    """What is wrong, each for itself; nothing of it holds a secret."""
    secrets = [settings.password]
    if isinstance(settings, ChannelSettings):
        secrets += [settings.url, settings.sign, *settings.headers]
    missing = list(dict.fromkeys(filter(None, map(_missing, secrets))))
    yield from missing
    if isinstance(settings, ChannelSettings) and not missing and not _understood(settings):
        yield text("notify.unusable")
    for reason in (_authority(settings.authority), _certificate(settings.certificate, settings.key)):
        if reason:
            yield reason


def _missing(template: str) -> str:
    try:
        reveal(template)
    except SecretError as error:
        return str(error)
    return ""


def _understood(channel: ChannelSettings) -> bool:
    try:
        url = urlsplit(reveal(channel.url))
        if url.scheme in OURS:
            return bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    return understands(address_of(channel))


def _authority(path: str) -> str:
    if not path:
        return ""
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        return text("notify.bad-certificate", path=path, reason=error.strerror or type(error).__name__)
    return ""


def _certificate(path: str, key: str) -> str:
    if not path:
        return ""
    try:
        ssl.create_default_context().load_cert_chain(path, key or path)
    except (OSError, ssl.SSLError) as error:
        return text("notify.bad-certificate", path=path, reason=error.strerror or type(error).__name__)
    return ""
