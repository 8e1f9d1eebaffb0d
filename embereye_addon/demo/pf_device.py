"""A simulated PF device: what it sees, measures and says, byte for byte like the real one.

Alone it dials the host itself; several can share one `PfLine`, as behind a bus gateway.
"""

import math
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.pf_line import PfLine
from embereye_addon.demo.thermal import Fire, Housing, ThermalArray, ThermalScene, look, person_walking, shipped_eeprom

REFRESH_S = 0.5  # the two subpages are measured this far apart at 2 Hz; faster devices refresh with every frame

# Slow drift of the chip and its supply, as wide as in the capture of twenty minutes: 31.4 to 32.6 °C, 2 mV.
AMBIENT_SWING_K, AMBIENT_PERIOD_S = 0.6, 1500.0
SUPPLY_SWING_V, SUPPLY_PERIOD_S = 0.001, 1100.0
DRIFT_STEP_S = 5.0
ORDERS_KEPT = 16


@dataclass(slots=True, eq=False)
class PfDevice:
    """One PF device; `run` until cancelled, or put it on a line with others.

    tag: of the packet headers. serial: announced after connecting if given. sensor_id: 12 hex digits. period_s and
    half_duplex: see `PfLine`. clock_s: monotonic seconds, the time the scene lives in. on_frame: called after each
    frame with the clock at the moment the picture was taken. `siren` is what it was told last, `orders` every order.
    """

    host: str
    port: int
    tag: str = "1234"
    serial: str | None = None
    sensor_id: str = "021C5626618B"
    period_s: float = 0.5
    scene: ThermalScene = field(default_factory=person_walking)
    seed: int = 0
    on_frame: Callable[[float], None] | None = None
    clock_s: Callable[[], float] = time.monotonic
    half_duplex: bool | None = None
    frames_sent: int = field(default=0, init=False)
    siren: bool = field(default=False, init=False)
    orders: deque[str] = field(default_factory=lambda: deque(maxlen=ORDERS_KEPT), init=False)
    line: PfLine = field(init=False)
    _array: ThermalArray = field(init=False)
    _eeprom: NDArray[np.uint16] = field(init=False)
    _exposed: tuple[float, NDArray[np.float64] | None] = field(default=(0.0, None), init=False)
    _random: random.Random = field(init=False)
    _began_s: float = field(init=False)
    _taken_s: float = field(default=0.0, init=False)
    _drifted_s: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self._eeprom = shipped_eeprom(self.sensor_id)
        self._array = ThermalArray(self._eeprom, seed=self.seed)
        self._random = random.Random(self.seed)
        self._began_s = self.clock_s()
        name = self.serial or self.tag
        self.line = PfLine(
            self.host, self.port, (self,), name, self.serial, self.period_s, self.half_duplex, seed=self.seed
        )

    @property
    def scene_s(self) -> float:
        """Seconds in the scene since the device was made."""
        return self.clock_s() - self._began_s

    @property
    def connected(self) -> bool:
        """Whether its line has a host."""
        return self.line.connected

    async def run(self) -> None:
        """Dial the host again and again, with growing pauses, until cancelled."""
        await self.line.run()

    def stage_fire(self) -> float:
        """Start a fire in the picture now, a new one if there was one; the clock at its start."""
        at_s = self.scene_s
        self.scene = replace(self.scene, fire=Fire(start_s=at_s))
        return at_s + self._began_s

    def end_fire(self) -> None:
        """Put the fire out now; without a burning one nothing happens."""
        fire = self.scene.fire
        if fire is not None and fire.end_s is None:
            self.scene = replace(self.scene, fire=replace(fire, end_s=self.scene_s))

    # What the line asks of it.

    def frame_packet(self) -> bytes:
        """Take a picture now."""
        self._taken_s = self.clock_s()
        at_s = self._taken_s - self._began_s
        if at_s - self._drifted_s >= DRIFT_STEP_S:
            self._drifted_s = at_s
            self._array.settle(self._housing(at_s))
        words = self._array.frame(*self._exposures(at_s))
        return f"#frame{self.tag}:{_hex(words)}!\r\n".encode()

    def frame_sent(self) -> None:
        """The picture is out."""
        self.frames_sent += 1
        if self.on_frame is not None:
            self.on_frame(self._taken_s)

    def inputs_packet(self) -> bytes:
        """The analog inputs, with rest values and noise as measured; the gas input follows the smoke."""
        gas = self._adc(274.7 + 1900.0 * self.scene.smoke(self.scene_s), 6.5)
        flame = self._adc(1310.0, 8.1)
        open_input = self._random.randint(0, 17)
        return f"#Sensor{self.tag}:ADC1={gas},ADC2={flame},ADC3:={open_input},DIO=0!\r\n".encode()

    def eeprom_packet(self) -> bytes:
        """The calibration dump."""
        return f"#EEPROM{self.tag}:{_hex(self._eeprom)}!\r\n".encode()

    def order(self, *, siren: bool) -> None:
        """The siren sounds or is silent from now on."""
        self.siren = siren
        self.orders.append("ALARM_ON" if siren else "ACK_ON")

    def _housing(self, at_s: float) -> Housing:
        """The chip's temperature and supply at that second of the scene; each device drifts in its own phase."""
        warm = math.sin(2.0 * math.pi * at_s / AMBIENT_PERIOD_S + self.seed)
        strong = math.sin(2.0 * math.pi * at_s / SUPPLY_PERIOD_S + 2.0 * self.seed)
        rest = Housing()
        return replace(
            rest, ambient_c=rest.ambient_c + AMBIENT_SWING_K * warm, supply_v=rest.supply_v + SUPPLY_SWING_V * strong
        )

    def _exposures(self, at_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the newer and the older subpage see; the older one is the last frame's picture if that is recent."""
        seen_k4 = look(self.scene.radiance_k4(at_s))
        last_s, last_k4 = self._exposed
        if last_k4 is None or not 0 <= at_s - last_s <= 1.2 * REFRESH_S:
            last_k4 = look(self.scene.radiance_k4(at_s - min(REFRESH_S, self.period_s)))
        self._exposed = (at_s, seen_k4)
        return seen_k4, last_k4

    def _adc(self, mean: float, sigma: float) -> int:
        """One reading of a 12-bit input."""
        return min(4095, max(0, round(self._random.gauss(mean, sigma))))


def bus_gateway(devices: tuple[PfDevice, ...], name: str) -> PfLine:
    """One line for all of these devices, which have tags of their own; its address and manners are the first's."""
    first = devices[0]
    line = PfLine(first.host, first.port, devices, name, None, first.period_s, first.half_duplex, seed=first.seed)
    for device in devices:
        device.line = line
    return line


def _hex(words: NDArray[np.uint16]) -> str:
    """Four upper-case digits a word, high byte first."""
    return words.astype(">u2").tobytes().hex().upper()
