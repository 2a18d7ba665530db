"""``python -m hconsist``."""

from hconsist.cli import main

main()
