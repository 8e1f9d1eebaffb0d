"""What the signs of a hot spot are worth (nats): written by `python -m training.heat`, never by hand.

Balanced, monotone logistic regressions on simulated scenes, each at two frame intervals; how they do
on scenes they have not seen stands in `docs/thermal-scenarios.md`. A table is (value, nats), linear
between: heat in what the zone allows, rise and flicker in their limits, growth in doublings a minute.
"""

Table = tuple[tuple[float, float], ...]
Weights = tuple[float, Table, Table, Table, Table]
"""The bias, then heat, rise, growth, flicker."""

USUAL: Weights = (
    -1.61,
    ((0.0, 0.0), (0.25, 0.64), (0.5, 0.76), (1.0, 1.77), (1.5, 3.02), (3.0, 4.02)),
    ((0.0, 0.0), (0.5, 1.52), (1.0, 2.44), (2.0, 2.99), (4.0, 3.23)),
    ((0.0, 0.0), (0.25, 0.0), (0.5, 0.01), (1.0, 0.01), (2.0, 0.01)),
    ((0.0, 0.0), (0.5, 0.98), (1.0, 1.85), (2.0, 2.32), (4.0, 2.4)),
)
"""Zones with the usual limits: 182 runs of fires, 192 of other scenes."""

RAISED: Weights = (
    -3.44,
    ((0.0, 0.0), (0.25, 0.35), (0.5, 1.39), (1.0, 2.9), (1.5, 4.2), (3.0, 5.36)),
    ((0.0, 0.0), (0.5, 0.77), (1.0, 1.69), (2.0, 2.24), (4.0, 2.67)),
    ((0.0, 0.0), (0.25, 0.0), (0.5, 0.0), (1.0, 0.0), (2.0, 0.0)),
    ((0.0, 0.0), (0.5, 0.27), (1.0, 0.29), (2.0, 0.29), (4.0, 0.7)),
)
"""Zones with raised limits: 58 runs of fires, 48 of other scenes."""
