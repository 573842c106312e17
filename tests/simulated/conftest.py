"""The simulated organization lives with the benchmarks."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
