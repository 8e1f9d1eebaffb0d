"""The one door to ONNX Runtime, which does not come with the program: `pip install onnxruntime`, or a GPU build."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embereye_addon.errors import ModelError

PROVIDERS = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
"""In the order of preference for device GPU and AUTO; CPU takes the last."""


class OnnxEngine:
    """Any ONNX network with one input: float32 in, every output by its name out. Not tested on a GPU."""

    def __init__(self, path: Path, device: str) -> None:
        """`ModelError` when ONNX Runtime is not there, has no provider for the device, or refuses the network."""
        runtime = _runtime()
        there = [name for name in PROVIDERS if name in runtime.get_available_providers()]
        providers = ["CPUExecutionProvider"] if device == "CPU" else there
        if device == "GPU" and providers == ["CPUExecutionProvider"]:
            raise ModelError("this build of ONNX Runtime has no GPU provider: install onnxruntime-gpu, or choose CPU")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=providers)
        except Exception as err:
            raise ModelError(f"the model {path.name} cannot be loaded by ONNX Runtime: {_reason(err)}") from err
        self.device = str(self._session.get_providers()[0])
        self._name = path.name

    def infer(self, values: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Every output of one prepared picture; `ModelError` on failure."""
        try:
            (given, *_others) = self._session.get_inputs()
            names = [output.name for output in self._session.get_outputs()]
            found = self._session.run(names, {given.name: values})
        except Exception as err:
            raise ModelError(f"the model {self._name} failed: {_reason(err)}") from err
        return {name: np.asarray(each, dtype=np.float32) for name, each in zip(names, found, strict=True)}


def _runtime() -> Any:
    try:
        return importlib.import_module("onnxruntime")
    except ImportError:
        words = "this model asks for ONNX Runtime, which is not installed: pip install onnxruntime"
        raise ModelError(f"{words}, or leave runtime out of its card to run it on OpenVINO") from None


def _reason(err: Exception) -> str:
    text = str(err).strip()
    return text.splitlines()[0][:200] if text else type(err).__name__
