"""What this machine's processor can do for the model, in words."""

import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CPUINFO_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True)
class Processor:
    """The machine's architecture ("x86_64", "aarch64", ...) and the flags its kernel names; none where unknown."""

    architecture: str
    flags: frozenset[str]

    @property
    def suits_int8(self) -> bool:
        """Whether the int8 model is the faster one: from AVX2 on (measured; with SSE 4.1 alone it takes twice f32)."""
        return "avx2" in self.flags

    def notices(self) -> tuple[str, ...]:
        """What will be slower here than on the processor the figures of the documentation come from, if anything.

        The factors are measured on one processor with its newer instructions switched off; see MODEL_CARD.md.
        """
        if self.architecture in ("aarch64", "arm64"):
            return ("this is an ARM processor: the model runs in full precision, untimed; begin with few cameras",)
        if not self.flags:
            return ("the processor does not say what it can do: the model runs in full precision, about half as fast",)
        if "avx2" not in self.flags:
            return ("this processor has no AVX2: the model runs in full precision, and a look takes six times as long",)
        if not self.flags & {"avx512_vnni", "avx_vnni"}:
            return ("this processor has neither AVX-512 VNNI nor AVX-VNNI: a look takes about a third longer",)
        return ()


def parsed(cpuinfo: str, architecture: str) -> Processor:
    """From the text of /proc/cpuinfo ("flags : ..." of the first core); anything else gives no flags."""
    for line in cpuinfo.splitlines():
        name, _, words = line.partition(":")
        if name.strip() == "flags":
            return Processor(architecture, frozenset(words.split()))
    return Processor(architecture, frozenset())


def present() -> Processor:
    """The processor this program runs on."""
    try:
        with CPUINFO.open("rb") as lines:
            text = lines.read(CPUINFO_LIMIT).decode("ascii", "replace")
    except OSError:
        text = ""
    return parsed(text, platform.machine().lower())
