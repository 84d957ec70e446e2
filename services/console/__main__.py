"""`python -m services.console`: the `yimen` command where it is not installed."""

from services.console.main import main

main()
