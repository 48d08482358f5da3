"""`python -m api.cli` is the command `bordergate`."""

from api.cli.app import main

main()
