"""`python -m console`: the `yimen` command where it is not installed."""

from console.main import main

main()
