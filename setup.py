"""Rules and the commented settings go along into a wheel: `share/sentinel` below where it is installed."""

from pathlib import Path

from setuptools import setup

FOLDERS = sorted({path.parent for path in Path("rules").rglob("*.yml")})

setup(
    data_files=[
        ("share/sentinel", ["config.yaml"]),
        *((f"share/sentinel/{folder}", sorted(map(str, folder.glob("*.yml")))) for folder in FOLDERS),
    ]
)
