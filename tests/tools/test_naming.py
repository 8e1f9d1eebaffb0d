"""How files are named in what commands say and write."""

from pathlib import Path

from embereye_addon.tools.naming import shown, stems


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    """`--out` with the recordings' own folder destroys them, or two of one name leave one drawing."""
    (tmp_path / "b").mkdir()
    (tmp_path / "loop.ts").symlink_to("loop.ts")
    clips = tuple(tmp_path / name for name in ("a.mp4", "a.ts", "b/a.mp4", "c.ts", "loop.ts"))
    assert list(stems(clips, tmp_path)) == ["a-2", "a-3", "a-4", "c", "loop"]
    assert list(stems(clips, tmp_path / "out")) == ["a", "a-2", "a-3", "c", "loop"]


def test_a_name_of_any_bytes_can_be_written() -> None:
    """A file from an old camera's card, named in another code, ends the run."""
    assert shown(Path("k\udcfcche.jpg")).encode() == b"k\\udcfcche.jpg"
    assert shown(Path("Küche.jpg")) == "Küche.jpg"
