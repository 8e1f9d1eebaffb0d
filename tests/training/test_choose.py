"""Which weights of a run are written out; needs the training requirements."""

from pathlib import Path

import numpy as np
import pytest

from training.dataset import Picture

torch = pytest.importorskip("torch", reason="torch is a training requirement only")
pytest.importorskip("efficientnet_lite_pytorch", reason="a training requirement only")
pytest.importorskip("openvino", reason="the product's own requirement")

torch.set_num_threads(1)
SIZE = (96, 128)


def picture(name: str, *, burns: bool) -> Picture:
    """A dark scene, with or without a bright flame in its middle."""
    rng = np.random.default_rng(len(name))
    pixels = rng.integers(20, 40, (*SIZE, 3), dtype=np.uint8)
    if burns:
        pixels[36:60, 52:76] = (60, 190, 255)
    box = np.array([[0, 0.35, 0.3, 0.65, 0.7]], np.float32)
    return Picture(name, "web", pixels, box if burns else box[:0], (True, True))


def held() -> list[Picture]:
    """Some of each; smoke in two, so that there is something to tell."""
    smoke = np.array([[1, 0, 0, 1, 1]], np.float32)
    plumes = [Picture(f"s{n}", "web", np.full((*SIZE, 3), 150, np.uint8), smoke, (True, True)) for n in range(2)]
    return [
        *(picture(f"f{n}", burns=True) for n in range(4)),
        *(picture(f"e{n}", burns=False) for n in range(4)),
        *plumes,
    ]


def test_small_flames_are_pasted_into_empty_scenes() -> None:
    """Without them the choice would not know that a model has become blind to a small fire far away."""
    from training import choose

    found = choose.small_flames(held(), count=5)
    assert [each.shape for each in found] == [(288, 384, 3)] * 5
    assert choose.small_flames([picture("e", burns=False)], count=5) == []


def test_the_best_of_a_run_can_be_loaded_and_exported(tmp_path: Path) -> None:
    """A run that was chosen from must leave weights that `export` can read, whichever epochs there were."""
    from training import choose
    from training.model import FireSmoke, restore

    torch.manual_seed(2)
    states = [FireSmoke(pretrained=False).state_dict() for _ in range(2)]
    for number, state in enumerate(states):
        torch.save({"model": state, "figures": {}}, tmp_path / f"epoch-{number:02d}.pt")
    assert restore(choose.choose(tmp_path, held(), count=3)).training is False
    torch.save({"model": states[0]}, tmp_path / "start.pt")
    found = dict(choose.candidates(tmp_path))
    assert list(found) == ["the last 1", "half from the start"]
    wanted = 0.75 * states[0]["head.weight"] + 0.25 * states[1]["head.weight"]
    assert torch.allclose(found["half from the start"]["head.weight"], wanted)
