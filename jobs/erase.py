"""`mh-batch erase` for spark-submit: the same arguments."""

import sys

from mh_batch.cli import main

if __name__ == "__main__":
    sys.exit(main(["erase", *sys.argv[1:]]))
