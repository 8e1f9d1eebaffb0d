"""The one door to OpenVINO."""

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from embereye_addon.detect.processor import Processor, present
from embereye_addon.detect.tensors import CELL_PX
from embereye_addon.errors import ModelError

_log = logging.getLogger(__name__)

DEVICES = ("CPU", "GPU", "NPU", "AUTO")
CPU_OPTIONS = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": "1", "INFERENCE_PRECISION_HINT": "f32"}
"""One thread: the shards share the cores. f32 for what is not int8: bfloat16 would change the calibrated numbers."""


class Network:
    """A compiled fully convolutional network: one inference thread, latency first.

    Input `image` [1, height, width, 3] uint8 BGR; outputs `cells` [1, 2, rows, columns] and `image` [1, 2], both
    float32 calibrated logits of fire and smoke.

    On a CPU that suits it the int8 file beside the model is taken (`fire_smoke.xml` -> `fire_smoke_int8.xml`).
    A wished device that is missing or refuses the model is replaced by the CPU. `device` is what it runs on, `file` the
    file that was taken, `notices` what an installer should know about it, each a sentence; they stop nothing.
    """

    def __init__(self, path: Path, device: str, processor: Processor | None = None) -> None:
        if not path.is_file():
            raise ModelError(f"the model {path.name} is missing from {path.parent}")
        if device not in DEVICES:
            raise ModelError(f"the model {path.name} cannot be loaded on {device}: choose one of {', '.join(DEVICES)}")
        self._lock = threading.Lock()
        self._core = openvino.Core()
        wished, notices = self._wished(device)
        compiled = None
        if wished != "CPU":
            compiled, notices = self._accelerated(path, wished)
        self.device = "CPU" if compiled is None else wished
        if compiled is None:
            processor = processor or present()
            path, compiled = self._on_cpu(path, processor)
            notices = (*notices, *processor.notices())
        self.file, self.notices = path.name, notices
        self._request = compiled.create_infer_request()
        for notice in notices:
            _log.warning("%s", notice)
        _log.info("the model %s runs on %s", self.file, self.device)

    def _wished(self, device: str) -> tuple[str, tuple[str, ...]]:
        """The device to try, and why it is another than the wished one; AUTO is the CPU where there is nothing else."""
        if device == "CPU":
            return device, ()
        there = families(self._core)
        if device in there or (device == "AUTO" and there - {"CPU"}):
            return device, ()
        missing = f"{device} was asked for and is not there: the model runs on the CPU and takes its time"
        return "CPU", () if device == "AUTO" else (missing,)

    def _accelerated(self, path: Path, device: str) -> tuple[openvino.CompiledModel | None, tuple[str, ...]]:
        try:
            model = self._core.read_model(path)
            return self._core.compile_model(model, device, {"PERFORMANCE_HINT": "LATENCY"}), ()
        except RuntimeError as err:
            return None, (
                f"{device} does not take the model, so it runs on the CPU and takes its time: {_reason(err)}",
            )

    def _on_cpu(self, path: Path, processor: Processor) -> tuple[Path, openvino.CompiledModel]:
        small = path.with_name(f"{path.stem}_int8.xml")
        if processor.suits_int8 and small.is_file():
            path = small
        try:
            return path, self._core.compile_model(self._core.read_model(path), "CPU", CPU_OPTIONS)
        except RuntimeError as err:
            raise ModelError(f"the model {path.name} cannot be loaded on CPU: {_reason(err)}") from err

    def infer(self, bgr: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits of one picture: cells [2, rows, columns] and the whole picture [2].

        The picture is [height, width, 3] uint8 with sides that are multiples of 16; `ModelError` for anything else,
        which OpenVINO itself would answer with numbers of no meaning.
        """
        whole_cells = all(side and side % CELL_PX == 0 for side in bgr.shape[:2])
        if bgr.ndim != 3 or bgr.shape[2] != 3 or bgr.dtype != np.uint8 or not whole_cells:
            raise ModelError(f"the model failed on a picture of {bgr.shape} {bgr.dtype}")
        try:
            with self._lock:  # the self-test comes from another thread than the looks
                self._request.infer({"image": bgr[np.newaxis]})
                cells = self._request.get_tensor("cells").data[0]
                whole = self._request.get_tensor("image_logits").data[0]
                return np.array(cells, dtype=np.float32), np.array(whole, dtype=np.float32)
        except (RuntimeError, IndexError) as err:
            raise ModelError(f"the model failed on a picture of {bgr.shape}") from err


def families(core: openvino.Core) -> frozenset[str]:
    """The kinds of device there are. Asked in a thread of its own, which then ends.

    Asking loads plugins that give the calling thread another stack for signals; in a thread that lives on, a SIGTERM
    after their end is a crash (seen with OpenVINO 2026.4.1).
    """
    with ThreadPoolExecutor(1) as once:
        return frozenset(name.partition(".")[0] for name in once.submit(lambda: core.available_devices).result())


class Engine:
    """Any network with one input that OpenVINO reads (IR or ONNX): float32 in, every output by its name out."""

    def __init__(self, path: Path, device: str) -> None:
        """`ModelError` in words when it cannot be loaded on that device or has more than one input."""
        self._lock, self._name = threading.Lock(), path.name
        options = CPU_OPTIONS if device == "CPU" else {"PERFORMANCE_HINT": "LATENCY"}
        try:
            core = openvino.Core()
            compiled = core.compile_model(core.read_model(path), device, options)
        except RuntimeError as err:
            raise ModelError(f"the model {path.name} cannot be loaded on {device}: {_reason(err)}") from err
        if len(compiled.inputs) != 1:
            raise ModelError(f"the model {path.name} has {len(compiled.inputs)} inputs; a picture is one")
        self._request = compiled.create_infer_request()

    def infer(self, values: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Every output of one prepared picture; `ModelError` on failure."""
        try:
            with self._lock:
                found = self._request.infer([values])
                return {
                    next(iter(port.get_names()), str(place)): np.array(value, dtype=np.float32)
                    for place, (port, value) in enumerate(found.items())
                }
        except RuntimeError as err:
            raise ModelError(f"the model {self._name} failed on an input of {values.shape}: {_reason(err)}") from err


def _reason(err: RuntimeError) -> str:
    text = str(err).strip()
    return text.splitlines()[-1][:200] if text else type(err).__name__
