"""The one door to OpenVINO."""

import threading
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from embereye_addon.detect.tensors import CELL_PX
from embereye_addon.errors import ModelError


class Network:
    """A compiled fully convolutional network: one inference thread, latency first.

    Input `image` [1, height, width, 3] uint8 BGR; outputs `cells` [1, 2, rows, columns] and `image` [1, 2], both
    float32 calibrated logits of fire and smoke.
    """

    def __init__(self, path: Path, device: str) -> None:
        if not path.is_file():
            raise ModelError(f"the model {path.name} is missing from {path.parent}")
        self._lock = threading.Lock()
        try:
            core = openvino.Core()
            options = {"PERFORMANCE_HINT": "LATENCY"}
            if device == "CPU":
                options |= {"INFERENCE_NUM_THREADS": "1", "INFERENCE_PRECISION_HINT": "f32"}
            self._request = core.compile_model(core.read_model(path), device, options).create_infer_request()
        except RuntimeError as err:
            reason = str(err).strip().splitlines()[-1][:200] if str(err).strip() else type(err).__name__
            raise ModelError(f"the model {path.name} cannot be loaded on {device}: {reason}") from err

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
