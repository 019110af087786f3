"""How good the events are, the short set: one seed and three days; `python -m bench.detection --help` for more."""

import sys

from bench.detection.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["--seeds", "1", "--days", "3"]))
