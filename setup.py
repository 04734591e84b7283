"""Rules, playbooks and the commented settings go along into a wheel: `share/sentinel` below where it is installed."""

from pathlib import Path

from setuptools import setup

FILES = [*Path("rules").rglob("*.yml"), *Path("playbooks").rglob("*.yaml")]
FOLDERS = sorted({path.parent for path in FILES})

setup(
    data_files=[
        ("share/sentinel", ["config.yaml"]),
        *(
            (f"share/sentinel/{folder}", sorted(str(path) for path in FILES if path.parent == folder))
            for folder in FOLDERS
        ),
    ]
)
