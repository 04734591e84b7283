from sentinel.capture.block import BlockPool


def test_memory_comes_back_when_the_last_user_lets_go() -> None:
    pool = BlockPool(100)
    first = pool.take()
    first.hold()
    first.let_go()
    assert pool.take().memory is not first.memory
    first.let_go()
    assert pool.take().memory is first.memory


def test_few_idle_blocks_are_kept() -> None:
    pool = BlockPool(100)
    blocks = [pool.take() for _ in range(5)]
    for block in blocks:
        block.let_go()
    kept = [pool.take().memory for _ in range(5)]
    assert sum(any(memory is block.memory for block in blocks) for memory in kept) == 2
