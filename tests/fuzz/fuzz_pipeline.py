"""Coverage-guided fuzzing by hand: `pip install atheris && python tests/fuzz/fuzz_pipeline.py [CORPUS]`.

The input is a capture file; whatever it is, the pipeline must neither raise nor lose count of a packet.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports():
    from sentinel.capture.fault import CaptureError
    from sentinel.capture.file import open_capture
    from sentinel.config import default_config
    from sentinel.pipeline import Pipeline

CONFIG = default_config(Path(__file__).parents[2])
TARGET = Path(tempfile.mkdtemp()) / "input.pcap"


def one_input(data: bytes) -> None:
    TARGET.write_bytes(data)
    pipeline = Pipeline(CONFIG, None, lambda _: None, lambda _: None)
    try:
        with open_capture(TARGET) as capture:
            for batch in capture:
                pipeline.process(batch)
    except CaptureError:
        return
    pipeline.finish()
    assert pipeline.statistics().packets.balanced()


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
