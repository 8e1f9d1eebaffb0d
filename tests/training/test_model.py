"""The network itself; needs the training requirements."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is a training requirement only")
pytest.importorskip("efficientnet_lite_pytorch", reason="a training requirement only")


def test_every_size_gives_a_cell_per_16_px() -> None:
    """The product places boxes by the cell: a row too many would shift them."""
    from training.model import FireSmoke

    model = FireSmoke(pretrained=False).eval()
    with torch.no_grad():
        cells, image = model(torch.zeros(2, 3, 96, 128))
    assert cells.shape == (2, 2, 6, 8)
    assert image.shape == (2, 2)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_the_written_file_answers_as_the_model_does(tmp_path: Path) -> None:
    """What is measured in training must be what is shipped."""
    from training import export
    from training.measure import Calibration
    from training.model import FireSmoke

    torch.manual_seed(0)
    model = FireSmoke(pretrained=False)
    calibration = Calibration((2.0, 0.5), (1.0, -1.0), (0.5, 2.0), (0.3, -0.3))
    digests = export.write(model, calibration, tmp_path)
    assert set(digests) == {"fire_smoke.xml", "fire_smoke.bin"}
    assert export.difference(model, calibration, tmp_path / "fire_smoke.xml") < 0.1


def test_unknown_classes_give_no_loss() -> None:
    """A batch of unlabelled pictures must not move the model."""
    from training import train
    from training.model import FireSmoke

    batch = train.Batch(
        pixels=train.scaled(np.zeros((2, 64, 64, 3), np.uint8)),
        cells=torch.ones(2, 2, 4, 4),
        cell_weights=torch.zeros(2, 2, 4, 4),
        picture=torch.ones(2, 2),
        picture_weights=torch.zeros(2, 2),
    )
    assert float(train.loss(FireSmoke(pretrained=False), batch).detach()) == 0.0


def test_a_mixture_is_taken_only_where_it_is_better(tmp_path: Path) -> None:
    """A fine-tune that forgot something is mixed with what it came from, if the held pictures say so."""
    from training import train
    from training.dataset import Picture
    from training.model import FireSmoke, restore

    torch.manual_seed(1)
    rng = np.random.default_rng(0)
    kinds = (np.zeros((0, 5), np.float32), np.array([[0, 0, 0, 1, 1], [1, 0, 0, 1, 1]], np.float32))
    pixels = [rng.integers(0, 256, (60, 80, 3), dtype=np.uint8) for _ in range(4)]
    held = [Picture(str(i), "web", each, kinds[i % 2], (True, True)) for i, each in enumerate(pixels)]
    for name in ("start", "best"):
        torch.save({"model": FireSmoke(pretrained=False).state_dict()}, tmp_path / f"{name}.pt")
    before = (tmp_path / "best.pt").read_bytes()
    train.blend(tmp_path / "start.pt", tmp_path / "best.pt", held, score=9.0)
    assert (tmp_path / "best.pt").read_bytes() == before
    train.blend(tmp_path / "start.pt", tmp_path / "best.pt", held, score=-1.0)
    found = torch.load(tmp_path / "best.pt", weights_only=True)
    assert found["share_of_the_new"] in (0.25, 0.5, 0.75)
    ends = [torch.load(tmp_path / "start.pt", weights_only=True)["model"], torch.load(tmp_path / "best.pt")["model"]]
    assert not torch.equal(ends[0]["head.weight"], ends[1]["head.weight"])
    assert train.merit(train.judge(restore(tmp_path / "best.pt"), held)) == pytest.approx(train.merit(found["figures"]))


def test_cells_learn_to_do_without_the_scene_head() -> None:
    """A scene head that is always heard lets the cells overlook small flames: in training it is left out at random."""
    from training.model import SCENE_HEARD, FireSmoke

    torch.manual_seed(0)
    model = FireSmoke(pretrained=False)
    model.drop = torch.nn.Identity()
    torch.nn.init.constant_(model.scene.bias, 50.0)
    pictures = torch.zeros(40, 3, 32, 32)
    with torch.no_grad():
        assert (model.train()(pictures)[1] > 25).float().mean().item() == pytest.approx(SCENE_HEARD, abs=0.2)
        assert (model.eval()(pictures)[1] > 25).all()
