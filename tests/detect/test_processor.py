"""What the start-up check says of the processor."""

import platform

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.detect.processor import parsed, present


@pytest.mark.parametrize(
    ("architecture", "flags", "said", "int8"),
    [
        ("x86_64", "fpu sse4_1 avx avx2 avx512f avx512_vnni", "", True),
        ("x86_64", "fpu avx avx2 avx_vnni", "", True),
        ("x86_64", "fpu sse4_1 avx avx2", "a third longer", True),
        ("x86_64", "fpu sse4_1 avx", "no AVX2", False),
        ("x86_64", "", "does not say", False),
        ("aarch64", "", "ARM", False),
    ],
)
def test_an_old_processor_is_words(architecture: str, flags: str, said: str, int8: bool) -> None:
    """An installer reads what will be slower before the cameras are behind, and the faster model is taken."""
    processor = parsed(f"processor\t: 0\nflags\t\t: {flags}\nprocessor\t: 1\nflags\t\t: \n", architecture)
    notices = processor.notices()
    assert processor.suits_int8 is int8
    assert bool(notices) is bool(said)
    assert all(said in notice for notice in notices)


@given(st.text())
def test_any_cpuinfo_is_read(text: str) -> None:
    """A kernel with another layout of the file stops nothing."""
    assert parsed(text, "x86_64").architecture == "x86_64"


def test_this_processor_is_known() -> None:
    """The check runs on the machine itself."""
    assert present().architecture == platform.machine().lower()
