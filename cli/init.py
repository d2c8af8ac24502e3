"""`sod-policy init`: a policy repository that a team can start from, with cases that are green."""

from __future__ import annotations

import re
from importlib.resources import as_file, files
from pathlib import Path

import click

from policy_engine.documents.errors import PolicyEngineError

# Template names that depend on the repository's name.
RENAMED = {"cases/cases.yaml": "cases/{name}_cases.yaml"}


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path))
def init_command(directory: Path) -> int:
    """Write a policy repository into DIRECTORY: bundle, cases, CI workflow file and README.

    Nothing that exists is overwritten.
    """
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-") or "policies"
    written = write_repository(directory, name)
    for path in written:
        click.echo(path)
    click.echo(f"\nnext: cd {directory} && sod-policy test .")
    return 0


def write_repository(directory: Path, name: str) -> list[Path]:
    """Write the template into `directory` and return the files; raise when one of them is there already."""
    values = {"{{name}}": name, "{{package}}": "team_" + name.replace("-", "_")}
    with as_file(files("policy_engine.cli") / "templates") as root:
        texts = {}
        for source in sorted(path for path in root.rglob("*") if path.is_file()):
            relative = source.relative_to(root).as_posix()
            text = source.read_text("utf-8")
            for placeholder, value in values.items():
                text = text.replace(placeholder, value)
            texts[directory / RENAMED.get(relative, relative).format(name=name)] = text
    existing = [path for path in texts if path.exists() or path.is_symlink()]
    if existing:
        raise PolicyEngineError(
            f"`{existing[0]}` is there already; choose an empty folder", code="file_exists"
        )
    if directory.exists() and not directory.is_dir():
        raise PolicyEngineError(f"`{directory}` is a file; choose an empty folder", code="file_exists")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(texts)
