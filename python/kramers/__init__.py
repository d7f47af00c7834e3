"""Reads what Kramers writes: records, sessions and weights.

    frames = kramers.read("runs.jsonl")       # or sys.stdin, or a pipe
    frames["escape"][["temperature", "tau", "tau_low", "tau_high"]]

    lab = kramers.read("lab.kramers")
    lab["journal"], lab.results["r"], lab.weights("x")
"""

from .reading import Frames, Session, read, weights

__all__ = ["Frames", "Session", "read", "weights"]
__version__ = "0.2.0"
