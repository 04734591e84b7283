"""Whatever Apprise can reach: mail, webhooks and a hundred services, by an address of its own form.

Apprise says only whether something was sent, and logs why not. Of its words nothing but a status number is taken
over, since they may quote an address.
"""

from __future__ import annotations

import logging
import re
import threading
from types import ModuleType
from typing import Final

from sentinel.notify.fault import DeliveryError
from sentinel.notify.settings import ChannelSettings
from sentinel.text import text

__all__ = ["tell", "understands"]

_STATUS: Final = re.compile(r"\b(?:error|code)=(-?\d{1,7})\b")
_said = threading.local()


class _Ear(logging.Handler):
    """Keeps what Apprise says in the thread that sends; nothing of it goes to our own log."""

    def emit(self, record: logging.LogRecord) -> None:
        words = getattr(_said, "words", None)
        if words is not None:
            words.append(record.getMessage())


_ear: Final = _Ear()


def understands(url: str) -> bool:
    """Whether it is an address that something can be sent to, as far as its form says."""
    return _library().Apprise.instantiate(url, suppress_exceptions=True) is not None


def tell(channel: ChannelSettings, url: str, title: str, words: str) -> None:
    """Send `words` to `url`. Blocks. Raises DeliveryError."""
    apprise = _library()
    heard: list[str] = []
    _said.words = heard
    try:
        service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if service is None:
            raise DeliveryError(text("notify.unusable"))
        service.socket_connect_timeout = service.socket_read_timeout = channel.timeout
        service.redirects = False  # a message goes to the declared host or nowhere
        sent = service.notify(body=words, title=title, body_format=apprise.NotifyFormat.TEXT)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DeliveryError(text("notify.unreachable", reason=type(error).__name__)) from None
    finally:
        _said.words = None
    if not sent:
        number = next((found[1] for line in heard if (found := _STATUS.search(line))), None)
        reason = text("notify.apprise") if number is None else text("notify.code", code=number)
        raise DeliveryError(text("notify.unreachable", reason=reason))


def _library() -> ModuleType:
    """Apprise, once its log is turned away from ours."""
    logger = logging.getLogger("apprise")
    if _ear not in logger.handlers:
        logger.addHandler(_ear)
        logger.propagate = False
    import apprise  # a tenth of a second, and of no use to who has no such channel

    return apprise
