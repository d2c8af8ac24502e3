"""The `sod-policy` command, one file per sub-command."""
