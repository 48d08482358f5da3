"""The map of a gate: its stages on both sides of the line, laid out once for command, page and docs."""

from experiments.map.layout import GateMap, direction_text, lay_out
from experiments.map.svg import as_svg

__all__ = ["GateMap", "as_svg", "direction_text", "lay_out"]
