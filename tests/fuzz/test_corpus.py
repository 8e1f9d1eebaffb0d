"""The kept corpus of the fuzzer, replayed without it."""

import pytest

from tests.fuzz import run

PARTS = 4  # of each corpus, so that no test takes long


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", run.TARGETS)
def test_no_promise_is_broken_by_what_the_fuzzer_found(name: str, part: int) -> None:
    """Bytes that reach every corner of the code end the gateway, or are miscounted, or become temperatures."""
    target = run.load(name)
    for path in run.kept(name)[part::PARTS]:
        try:
            target.run(path.read_bytes())
        except Exception as broken:
            raise AssertionError(f"{name} breaks a promise on {path.name}") from broken


@pytest.mark.parametrize("name", run.TARGETS)
def test_the_seeds_hold(name: str) -> None:
    """A new target that fails at once is not noticed without the fuzzer."""
    target = run.load(name)
    for raw in [b"", b"\x00", bytes(300), *target.seeds()]:
        target.run(raw)


def test_the_corpus_is_small_and_complete() -> None:
    """The corpus makes the checkout heavy, or a target has none."""
    sizes = {name: [path.stat().st_size for path in run.kept(name)] for name in run.TARGETS}
    assert all(sizes.values())
    assert sum(map(sum, sizes.values())) < 300_000
    assert {path.name for path in run.CORPUS.iterdir()} == set(run.TARGETS)
