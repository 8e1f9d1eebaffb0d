"""What is drawn and what is believed while training; needs the training requirements."""

import numpy as np
import pytest

from training.dataset import Picture

torch = pytest.importorskip("torch", reason="torch is a training requirement only")
pytest.importorskip("efficientnet_lite_pytorch", reason="a training requirement only")

NONE = np.zeros((0, 5), np.float32)
FLAME = np.array([[0, 0.2, 0.2, 0.6, 0.6]], np.float32)


def picture(source: str, boxes: np.ndarray, known: tuple[bool, bool] = (True, True)) -> Picture:
    """A grey picture with boxes."""
    return Picture("a", source, np.full((60, 80, 3), 90, np.uint8), boxes, known)


def test_a_flame_that_nobody_boxed_is_no_negative() -> None:
    """Learned as a negative, a small flame under a large plume teaches the model to overlook small flames."""
    from training import train

    pictures = [picture("web", NONE), picture("web", NONE), picture("web", FLAME), picture("weather", NONE)]
    logits = np.array([[4.0, -3.0], [0.5, 0.2], [4.0, 4.0], [4.0, 4.0]])
    found = train.doubted(pictures, logits)
    assert [p.known for p in found] == [(False, True), (True, True), (True, False), (True, True)]
    assert found[2].truth(0) == 1.0


def test_only_what_is_surely_a_mistake_is_drawn_more_often() -> None:
    """A crop of a fire that shows an unboxed flame must not be pressed on the model as a hard negative."""
    from training import train

    pictures = [picture("weather", NONE), picture("weather", NONE), picture("web", NONE), picture("web", FLAME)]
    found = train.hardness(pictures, np.array([[9.0, -9.0], [-9.0, -9.0], [9.0, 9.0], [9.0, 9.0]]))
    assert found == pytest.approx([4.0, 1.0, 1.0, 1.0], abs=0.01)


def test_a_crew_learns_from_the_whole_batch() -> None:
    """Threads that share a batch must give the gradient of all of it, whoever took which part."""
    from training import train
    from training.model import FireSmoke

    torch.manual_seed(3)
    model = FireSmoke(pretrained=False)
    batch = train.Batch(
        pixels=torch.randn(4, 3, 64, 64),
        cells=torch.zeros(4, 2, 4, 4),
        cell_weights=torch.ones(4, 2, 4, 4),
        picture=torch.ones(4, 2),
        picture_weights=torch.ones(4, 2),
    )
    assert [len(part.pixels) for part in batch.split(2)] == [2, 2]
    said = []
    for threads in (1, 2):
        crew = train.Crew(threads)
        value = train.gradients(model.eval(), batch, crew)
        crew.pool.shutdown()
        said.append((value, model.head.weight.grad.clone()))
    assert said[0][0] == pytest.approx(said[1][0], rel=1e-4)
    assert torch.allclose(said[0][1], said[1][1], rtol=1e-3, atol=1e-5)
