"""`mh-batch erase` for spark-submit: the same arguments, but ids in a `--file`: its event log keeps the others."""

import sys

from mh_batch.cli import main

if __name__ == "__main__":
    sys.exit(main(["erase", *sys.argv[1:]]))
