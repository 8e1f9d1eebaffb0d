"""What stands in the demo's stockroom: tables, racks, cartons and a lamp as boxes along the axes; metres."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Rng: TypeAlias = np.random.Generator
Colour: TypeAlias = tuple[float, float, float]
Place: TypeAlias = tuple[float, float, float]

CARTON, METAL, WOOD, CLOTH, GLOW = range(5)


@dataclass(frozen=True, slots=True)
class Block:
    """A box standing along the axes: two corners, a colour (B, G, R reflectance) and what it is made of."""

    low: Place
    high: Place
    colour: Colour
    stuff: int


def _table(x: float, y: float) -> list[Block]:
    wood, steel = (0.16, 0.27, 0.40), (0.10, 0.10, 0.10)
    legs = [
        Block((x + dx, y + dy, 0.0), (x + dx + 0.06, y + dy + 0.06, 0.72), steel, METAL)
        for dx in (0.03, 1.31)
        for dy in (0.03, 0.61)
    ]
    return [Block((x, y, 0.72), (x + 1.4, y + 0.7, 0.77), wood, WOOD), *legs]


def _shelf(rng: Rng, x: float, y: float, along_y: float) -> list[Block]:
    """A steel rack against the right wall, 0.5 m deep, with cartons on four boards."""
    blue, board = (0.36, 0.20, 0.08), (0.30, 0.34, 0.36)
    blocks = [
        Block((x + dx, y + dy, 0.0), (x + dx + 0.05, y + dy + 0.05, 2.3), blue, METAL)
        for dx in (0.0, 0.45)
        for dy in (0.0, along_y / 2, along_y - 0.05)
    ]
    for level in (0.15, 0.85, 1.5, 2.1):
        blocks.append(Block((x, y, level), (x + 0.5, y + along_y, level + 0.05), board, METAL))
        place = y + 0.1
        while place < y + along_y - 0.35:
            wide, tall = rng.uniform(0.25, 0.5), rng.uniform(0.2, 0.48)
            end = min(place + wide, y + along_y - 0.07)
            if rng.random() < 0.82:
                front = x + rng.uniform(0.0, 0.1)
                blocks.append(
                    Block(
                        (front, place, level + 0.05),
                        (x + 0.48, end, level + 0.05 + tall),
                        _brown(rng),
                        CARTON,
                    )
                )
            place += wide + rng.uniform(0.03, 0.15)
    return blocks


def _brown(rng: Rng) -> Colour:
    light = rng.uniform(0.75, 1.15)
    return (
        (0.17 * light, 0.29 * light, 0.42 * light) if rng.random() < 0.8 else (0.5 * light, 0.52 * light, 0.52 * light)
    )


def _pile(rng: Rng, x: float, y: float) -> list[Block]:
    """A pallet with cartons in up to three layers."""
    blocks = [Block((x, y, 0.0), (x + 1.2, y + 0.9, 0.13), (0.18, 0.30, 0.42), WOOD)]
    for column in range(3):
        base = 0.13
        for _ in range(int(rng.integers(1, 4))):
            tall = rng.uniform(0.26, 0.4)
            shift = rng.uniform(0.0, 0.04)
            left = x + 0.4 * column + shift
            blocks.append(Block((left, y + shift, base), (left + 0.36, y + 0.85, base + tall), _brown(rng), CARTON))
            base += tall
    return blocks


def furniture(rng: Rng) -> tuple[list[Block], Place]:
    """Everything that stands in the room, and the top of the lamp's shade."""
    table_x, table_y = 0.35 + rng.uniform(0.0, 0.3), 4.2 + rng.uniform(0.0, 0.8)
    blocks = _table(table_x, table_y)
    lamp = (table_x + 0.25, table_y + 0.4, 1.2)
    blocks += [
        Block(
            (lamp[0] - 0.02, lamp[1] - 0.02, 0.77),
            (lamp[0] + 0.02, lamp[1] + 0.02, 1.05),
            (0.1, 0.1, 0.1),
            METAL,
        ),
        Block(
            (lamp[0] - 0.12, lamp[1] - 0.12, 1.03),
            (lamp[0] + 0.12, lamp[1] + 0.12, 1.23),
            (0.45, 0.75, 1.0),
            GLOW,
        ),
        Block(
            (table_x + 0.7, table_y + 0.2, 0.77),
            (table_x + 1.15, table_y + 0.5, 0.80),
            (0.6, 0.6, 0.6),
            CLOTH,
        ),
        Block(
            (table_x + 0.5, table_y - 0.55, 0.42),
            (table_x + 0.95, table_y - 0.1, 0.47),
            (0.25, 0.10, 0.08),
            CLOTH,
        ),
        Block(
            (table_x + 0.5, table_y - 0.58, 0.47),
            (table_x + 0.95, table_y - 0.53, 0.9),
            (0.25, 0.10, 0.08),
            CLOTH,
        ),
        Block(
            (table_x + 0.7, table_y - 0.34, 0.0),
            (table_x + 0.75, table_y - 0.29, 0.42),
            (0.1, 0.1, 0.1),
            METAL,
        ),
    ]
    blocks += _shelf(rng, 5.85, 2.6, 3.4)
    blocks += _pile(rng, 1.9 + rng.uniform(0.0, 0.5), 6.2)
    blocks += _pile(rng, 3.9 + rng.uniform(0.0, 0.4), 6.2)
    return blocks, lamp


def waste_bin(rim: Place) -> Block:
    """The metal bin whose rim's centre is `rim`; the demo's fire burns in it."""
    x, y, z = rim
    return Block((x - 0.2, y - 0.17, 0.0), (x + 0.2, y + 0.17, z), (0.09, 0.10, 0.11), METAL)
