from collections.abc import Iterator

import pytest

from sentinel.capture.fault import Fault, FaultRegister
from sentinel.text import LANGUAGES, use_language


@pytest.fixture(params=LANGUAGES)
def spoken_language(request: pytest.FixtureRequest) -> Iterator[str]:
    use_language(request.param)
    yield request.param
    use_language("zh")


def test_sound_file_has_no_summary() -> None:
    register = FaultRegister()
    assert register.summary is None
    assert register.message is None
    assert register.as_dict() == {}


def test_first_place_is_kept_and_all_are_counted() -> None:
    register = FaultRegister()
    register.add(Fault.UNKNOWN_BLOCK, 70)
    register.add(Fault.UNKNOWN_BLOCK, 90)
    register.add(Fault.TIME_OUT_OF_RANGE, 80)
    assert register.summary == "unknown_block at byte 70"
    assert register.as_dict() == {"time_out_of_range": 1, "unknown_block": 2}


def test_fault_that_ended_the_reading_comes_first() -> None:
    register = FaultRegister()
    register.add(Fault.UNKNOWN_BLOCK, 70)
    register.add(Fault.TRUNCATED_RECORD, 500)
    assert register.summary == "truncated_record at byte 500"
    assert str(register.message) == "文件在一条记录中间结束,位于第 500 字节"


def test_people_have_a_word_for_each(spoken_language: str) -> None:
    words = [str(fault.message) for fault in Fault]
    assert len(set(words)) == len(Fault)
    assert not any(word.startswith("capture.") for word in words)
