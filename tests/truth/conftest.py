"""The referee and the generator are plain modules beside the packages: they are found by path."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "worldgen")]
