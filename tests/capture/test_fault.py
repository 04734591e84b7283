from sentinel.capture.fault import Fault, FaultRegister


def test_sound_file_has_no_summary() -> None:
    register = FaultRegister()
    assert register.summary is None
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
