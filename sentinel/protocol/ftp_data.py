"""FTP data connections: known by their announcement alone, and told as the file that they carry."""

from __future__ import annotations

from typing import ClassVar

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.file_content import FileContent, file_id
from sentinel.protocol.ftp import announced
from sentinel.protocol.mime import mime_type
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["FtpData"]


class FtpData(Analyzer):
    """One data connection: one file, or one listing. It tells its control connection what that is."""

    __slots__ = ("_closed", "_content", "_name")

    service: ClassVar[str] = "ftp-data"
    transports: ClassVar[frozenset[str]] = frozenset()
    """None: it is never asked, only announced."""
    whole: ClassVar[bool] = True

    def __init__(self, flow: Endpoints, emit: Emit, settings: ProtocolSettings) -> None:
        super().__init__(flow, emit, settings)
        self._content: FileContent | None = None
        self._name: str | None = None
        self._closed = False

    @staticmethod
    def recognise(data: bytes, is_orig: bool, transport: str) -> bool | None:
        """Any bytes may be a file's."""
        return False

    def feed(self, is_orig: bool, data: bytes, ts: float) -> None:
        """The next bytes; they go one way only (RFC 959 section 3.3)."""
        content = self._content
        if content is None:
            content = self._begin(is_orig, data)
        if content.is_orig == is_orig:
            content.take(data, ts)

    def _begin(self, is_orig: bool, data: bytes) -> FileContent:
        fuid = file_id(self.flow.uid, 1)
        owner = announced(self.flow).pop((self.flow.resp_h, self.flow.resp_p), None)
        if owner is not None:
            self._name = owner.transferred(mime_type(data), fuid)
        self._content = FileContent(fuid, "FTP_DATA", is_orig, None, self.settings.file_hash_bytes)
        return self._content

    def gap(self, is_orig: bool, length: int, ts: float) -> None:
        """Missing bytes are counted."""
        if self._content is not None and self._content.is_orig == is_orig:
            self._content.lost(length)

    def closed(self, is_orig: bool, ts: float) -> None:
        """The end of a file is the end of its connection."""
        if self._content is not None and self._content.is_orig == is_orig:
            self._closed = True

    def finish(self, ts: float) -> None:
        """Tell the file."""
        content, self._content = self._content, None
        self.done = True
        if content is None:
            return
        told = content.event(self.whose, self._name, self._closed)
        if told is not None:
            self.emit(told)
