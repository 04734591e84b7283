"""FTP data connections: known by their announcement alone, looked at for what they carry."""

from __future__ import annotations

from typing import ClassVar

from sentinel.protocol.analyzer import Analyzer
from sentinel.protocol.ftp import announced
from sentinel.protocol.mime import mime_type

__all__ = ["FtpData"]


class FtpData(Analyzer):
    """One data connection; it tells its control connection the type of its content."""

    service: ClassVar[str] = "ftp-data"
    transports: ClassVar[frozenset[str]] = frozenset()
    """None: it is never asked, only announced."""

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """Any bytes may be a file's."""
        return False

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """The first bytes say it."""
        if self.done or not data:
            return
        owner = announced(self.flow).pop((self.flow.resp_h, self.flow.resp_p), None)
        if owner is not None:
            owner.transferred(mime_type(data))
        self.done = True
