"""The console script: nothing is imported before an interrupt can be answered without a traceback."""


def main() -> None:
    """Run `sod-policy` and exit with its status."""
    import sys

    try:
        from policy_engine.cli.main import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        status = 130
    sys.exit(status)
