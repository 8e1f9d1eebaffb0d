"""The page's own files, read once into memory: no path of a request ever reaches the disk."""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
}
INDEX: Final = "index.html"
_IMPORT_MAP: Final = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, type and a tag that changes with them."""

    body: bytes
    type: str
    tag: str


def load(folder: Path = FOLDER) -> dict[str, Asset]:
    """Every file of `folder` of a known type, by its path with slashes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        kind = TYPES.get(path.suffix)
        if kind is not None and path.is_file():
            body = path.read_bytes()
            found[path.relative_to(folder).as_posix()] = Asset(body, kind, hashlib.sha256(body).hexdigest()[:32])
    return found


def script_hashes(page: bytes) -> str:
    """CSP sources for the page's import map, the one script that stands in the page itself."""
    hashes = (hashlib.sha256(found.group(1)).digest() for found in _IMPORT_MAP.finditer(page))
    return " ".join(f"'sha256-{base64.b64encode(value).decode()}'" for value in hashes)
