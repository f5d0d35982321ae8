"""A candidate for tests: answers at once, but `pipeline` ends in the second round."""

import json
import sys

name = sys.argv[1]
print(json.dumps({"ready": True}), flush=True)
# One turn warms up; then come the rounds.
for turn, _ in enumerate(sys.stdin):
    if name == "pipeline" and turn == 2:
        raise MemoryError
    print(json.dumps({"seconds": 1.0 if name == "seed-loop" else 9.0, "probabilities": [[0.5, 0.5]]}), flush=True)
