"""Files on shares that get a strange suffix one after the other: what encryption for ransom looks like from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar

from sentinel.detect.detector import Detector, Scene
from sentinel.detect.targets import Targets
from sentinel.event import Notice, SmbFiles
from sentinel.text import text

__all__ = ["Renaming"]

_ALIKE = 0.8
"""Share of the files that get the same suffix."""
_PASSING = frozenset(
    {"tmp", "temp", "part", "partial", "crdownload", "download", "bak", "old", "swp", "lock"}
)
"""Suffixes that programs give a file for a while (Office saves a document under `.tmp` and renames it)."""
_DOCUMENTS = frozenset(
    "doc docx xls xlsx ppt pptx wps et dps ofd pdf txt rtf csv xml json htm html log jpg jpeg png gif bmp tif tiff "
    "psd dwg dxf mp3 mp4 avi mov mkv wav zip rar 7z gz tar iso sql mdb accdb dbf mdf ldf bak eml msg pst vmdk vhd "
    "vhdx exe dll msi bat ps1 py java class jar war php jsp js css ini cfg conf dat db".split()
)
"""Suffixes that files have anyway."""


class Renaming(Detector):
    """`Ransom::Mass_Rename`: one host gives many files on shares the same suffix, one that no program uses.

    Counted are files renamed to it, and files written whose name is a document's with it behind.
    """

    name: ClassVar[str] = "renaming"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._hosts = self.table(Targets, 0.25)
        self.reads = {"smb_files": self._see}

    def _see(self, events: Sequence[SmbFiles]) -> Iterator[Notice]:
        renaming = self.settings.renaming
        for event in events:
            suffix = _strange_suffix(event)
            if suffix is None:
                continue
            files = self._hosts.at(event.orig_h)
            files.add((suffix, event.path, event.name), event.ts, 4 * renaming.files, renaming.window)
            if event.ts >= files.quiet_until and files.reached(renaming.files, event.ts, renaming.window):
                yield from self._judge(event, files)

    def _judge(self, event: SmbFiles, files: Targets) -> Iterator[Notice]:
        renaming = self.settings.renaming
        recent = [file for file, when in files.seen.items() if when >= event.ts - renaming.window]
        [(suffix, alike)] = Counter(suffix for suffix, _, _ in recent).most_common(1)
        if alike < max(renaming.files, _ALIKE * len(recent)):
            return
        files.quiet_until = event.ts + self.settings.quiet
        values = {"src": event.orig_h, "dst": event.resp_h, "number": alike, "suffix": suffix}
        yield self.notice(
            "Ransom::Mass_Rename",
            event.ts,
            msg=text("detect.mass-rename", seconds=round(renaming.window), **values),
            sub=", ".join(str(name) for _, _, name in recent[-5:]),
            uid=event.uid,
            proto="tcp",
            src=event.orig_h,
            dst=event.resp_h,
            p=event.resp_p,
            n=alike,
            figures={
                "files": alike,
                "threshold": renaming.files,
                "window_seconds": renaming.window,
                "suffix": suffix,
                "alike_share": round(alike / len(recent), 2),
                "shares": len({path for _, path, _ in recent}),
            },
        )


def _strange_suffix(event: SmbFiles) -> str | None:
    """The suffix that a file got and that no program gives."""
    stem, _, suffix = event.name.lower().rpartition(".")
    if not stem or not suffix or len(suffix) > 64 or suffix in _DOCUMENTS or suffix in _PASSING:
        return None
    if event.action == "SMB::FILE_RENAME":
        before = (event.prev_name or "").lower().rpartition(".")[2]
        return None if before == suffix or before in _PASSING else suffix
    if event.action == "SMB::FILE_WRITE":
        inner = stem.rpartition(".")[2]
        return suffix if inner in _DOCUMENTS and "." in stem else None
    return None
