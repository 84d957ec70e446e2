"""The `yimen` command: runs, tries, repairs and checks an installation."""
