"""Which model looks on this node, and how each is loaded."""

from pathlib import Path

from embereye_addon.detect.brought import Brought, Infer
from embereye_addon.detect.card import Card, read_card
from embereye_addon.detect.model import Looker, Model
from embereye_addon.detect.models import SHIPPED, Models
from embereye_addon.detect.onnx import OnnxEngine
from embereye_addon.detect.openvino import Engine


def load(models: Models, name: str, device: str) -> Looker:
    """The model of that name ('' is the shipped one); `ModelError` in words when it cannot be loaded."""
    if name == SHIPPED:
        return Model(device)
    folder = models.path(name)
    card = read_card(folder)
    return Brought(card, engine(folder, card, device))


def engine(folder: Path, card: Card, device: str) -> Infer:
    """What runs a brought network, as its card says. `ModelError` in words."""
    path = folder / card.file
    return OnnxEngine(path, device).infer if card.runtime == "onnxruntime" else Engine(path, device).infer
