"""What is told of a stream: its counters as metrics, and words for the page and for Home Assistant."""

from dataclasses import dataclass, field

from embereye_addon.observe.metrics import FRAMES_DAMAGED, FRAMES_DROPPED, FRAMES_RECEIVED, FRAMES_SHED
from embereye_addon.sources.camera.probe import advice, described
from embereye_addon.sources.camera.rates import WORDS, Step
from embereye_addon.sources.camera.watched import Watched

_COUNTERS = (FRAMES_RECEIVED, FRAMES_DROPPED, FRAMES_SHED, FRAMES_DAMAGED)


@dataclass(slots=True)
class Counts:
    """Adds what was counted since the last call to the metrics of this process."""

    _before: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def tell(self, watched: Watched) -> int:
        """Pictures decoded since the last call; a stream that began anew counts from nothing."""
        source = watched.stream.source
        now = (watched.received, watched.dropped, watched.shed, watched.rejected, watched.decoded)
        before = self._before.get(source, (0,) * len(now))
        self._before[source] = now
        for counter, is_now, was in zip(_COUNTERS, now, before, strict=False):
            counter.labels(source).inc(max(0, is_now - was))
        return max(0, now[-1] - before[-1])


def rate_words(watched: Watched) -> str:
    """How a camera is slowed, in words; empty when it is not."""
    return "" if watched.step is Step.FULL else WORDS[watched.step]


def stream_words(watched: Watched) -> dict[str, str]:
    """What the camera sends, what to change there, and why hardware is not used; without what is empty."""
    facts, decoder = watched.probe.facts, watched.decoder
    told = {
        "stream": described(facts) if facts else "",
        "advice": "; ".join(advice(facts)) if facts else "",
        "decoding": f"in software: {decoder.why}" if decoder and decoder.why else "",
    }
    return {key: text for key, text in told.items() if text}
