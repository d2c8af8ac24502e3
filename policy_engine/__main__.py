"""`python -m policy_engine` is the `sod-policy` command."""

from policy_engine.cli.entry import main

main()
