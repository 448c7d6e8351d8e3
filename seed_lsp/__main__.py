"""``python -m seed_lsp`` is the command ``seed-lsp``."""

import sys

from seed_lsp.cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
