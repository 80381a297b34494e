"""Django's own commands; the same as `ghiseu manage`."""

import sys

from ghiseu.cli import main

if __name__ == "__main__":
    main(["manage", *sys.argv[1:]])
