"""Writes the OpenVINO model: calibrated outputs, and the pixel arithmetic inside, so it eats camera frames."""

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from openvino import Layout, Type
from openvino.preprocess import ColorFormat, PrePostProcessor
from torch import Tensor, nn

from training.measure import Calibration
from training.model import MEAN, SCALE, FireSmoke

STEM = "fire_smoke"


class Calibrated(nn.Module):
    """The model with its calibration applied to both outputs."""

    def __init__(self, model: FireSmoke, calibration: Calibration) -> None:
        super().__init__()
        self.model = model
        for name, pair in asdict(calibration).items():
            shape = (1, 2, 1, 1) if name.startswith("cell") else (2,)
            self.register_buffer(name, torch.tensor(pair, dtype=torch.float32).view(shape))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled RGB [N, 3, H, W] to calibrated logits (cells [N, 2, H/16, W/16], image [N, 2])."""
        cells, scene = self.model.look(x)
        scale, bias = self.model.picture_line()
        image = self.model.pool(cells, scale / self.image_temperature, bias / self.image_temperature + self.image_shift)
        image = image + (scene / self.image_temperature[:, None, None]).mean((2, 3))
        return cells / self.cell_temperature + self.cell_shift, image


def convert(model: FireSmoke, calibration: Calibration) -> ov.Model:
    """The OpenVINO model: `image` uint8 [N, H, W, 3] BGR in; `cells` and `image` logits out."""
    whole = Calibrated(model.eval().to(memory_format=torch.contiguous_format), calibration).eval()
    sample = torch.zeros(1, 3, 288, 384)
    with torch.no_grad():
        made = ov.convert_model(whole, example_input=sample, input=[ov.PartialShape([-1, 3, -1, -1])])
    made.inputs[0].get_tensor().set_names({"image"})
    made.outputs[0].get_tensor().set_names({"cells"})
    made.outputs[1].get_tensor().set_names({"image_logits"})
    steps = PrePostProcessor(made)
    entry = steps.input(0)
    entry.tensor().set_element_type(Type.u8).set_layout(Layout("NHWC")).set_color_format(ColorFormat.BGR)
    entry.model().set_layout(Layout("NCHW"))
    entry.preprocess().convert_element_type(Type.f32).convert_color(ColorFormat.RGB).mean(MEAN).scale(SCALE)
    return steps.build()


def write(model: FireSmoke, calibration: Calibration, folder: Path) -> dict[str, str]:
    """Saves fire_smoke.xml and .bin (weights as fp16) into `folder`; returns their SHA-256 by file name.

    RuntimeError where the written file does not answer as the trained model does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{STEM}.xml"
    ov.save_model(convert(model, calibration), path, compress_to_fp16=True)
    apart = difference(model, calibration, path)
    if apart > 0.1:
        raise RuntimeError(f"the written model differs by {apart:.3f} from the trained one")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (f"{STEM}.xml", f"{STEM}.bin")}


def difference(model: FireSmoke, calibration: Calibration, path: Path) -> float:
    """Largest difference of any logit between the file and the trained model, over batch sizes and picture sizes."""
    whole = Calibrated(model.eval(), calibration).eval()
    asked = ov.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    rng = np.random.default_rng(2)
    worst = 0.0
    for count, wide, high in ((1, 384, 288), (2, 320, 240), (9, 224, 192), (5, 448, 336)):
        frames = rng.integers(0, 256, (count, high, wide, 3), dtype=np.uint8)
        rgb = torch.from_numpy(frames[..., ::-1].copy()).permute(0, 3, 1, 2).float()
        with torch.no_grad():
            wanted = whole((rgb - MEAN) / SCALE)
        answer = asked(frames)
        for name, want in zip(("cells", "image_logits"), wanted, strict=True):
            worst = max(worst, float(np.abs(answer[name] - want.numpy()).max()))
    return worst
