"""Statements about the session or the server in the other dialects: settings, inspection, maintenance, other files."""

from __future__ import annotations

from typing import Any, Final

from sqlglot import exp

from policy_engine.documents.action import ColumnOut
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.generic import expressions, statements, words
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.relations import Scope, Sink


def session(walk: Walk, _tree: Any) -> None:
    """Transactions: only the session is touched."""
    walk.draft.effects.add(Effect.SESSION)


def set_variables(walk: Walk, tree: Any) -> None:
    """SET of one or several settings."""
    draft = walk.draft
    draft.effects.add(Effect.SESSION)
    if tree.args.get("unset"):
        draft.verb = "reset"
    for item in tree.expressions:
        _set_item(walk, item)


def _set_item(walk: Walk, item: Any) -> None:
    draft = walk.draft
    kind = str(item.args.get("kind") or "").lower()
    this = item.this
    name = kind
    if isinstance(this, exp.EQ | exp.PropertyEQ):
        name = this.this.sql(dialect=None).strip('`"[]').lower()
        expressions.flow(walk, this.expression, Scope(), Sink())
    elif kind not in ("names", "character set", "charset", "transaction"):
        name = this.sql().lower() if this is not None else kind
    short = name.split(".")[-1].lstrip("@").split(" ")[0]
    if kind in ("global", "persist", "persist_only") or name.startswith(
        ("@@global.", "global ", "@@persist")
    ):
        draft.effects.add(Effect.CONFIGURE)
    draft.write(short or "unknown", ResourceKind.SETTING)
    if short == "password":
        draft.effects.add(Effect.GRANT)
        draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
    changes_lexer = short in words.LEXER_SETTINGS or kind in ("names", "character set", "charset")
    if changes_lexer and not _usual_character_set(item, kind, short):
        draft.flags.add(SqlFlag.LEXER_CHANGE)
        walk.opaque(
            ProblemCode.LEXER_CHANGE,
            f"setting `{short or kind}` changes how the server reads later text; keep its default",
        )
    if short in ("role", "session_authorization", "authorization") or "role" in name.split():
        draft.flags.add(SqlFlag.ROLE_CHANGE)
        draft.effects.add(Effect.ASSUME)


def _usual_character_set(item: Any, kind: str, short: str) -> bool:
    """`SET NAMES utf8mb4` is what every client says at its start."""
    value = item.this.expression if isinstance(item.this, exp.EQ) else item.this
    about = kind in ("names", "character set", "charset") or short.startswith("character_set_")
    return about and isinstance(value, exp.Expression) and value.name.lower() in words.SAFE_CHARACTER_SETS


def use(walk: Walk, tree: Any) -> None:
    """USE of a database or a role."""
    walk.draft.effects.add(Effect.SESSION)
    kind = str(tree.args.get("kind") or "").upper()
    name = tree.this.sql().lower() if tree.this is not None else ""
    if "ROLE" in kind:
        walk.draft.flags.add(SqlFlag.ROLE_CHANGE)
        walk.draft.effects.add(Effect.ASSUME)
        walk.draft.write(name, ResourceKind.ROLE)
    else:
        walk.draft.touch(ResourceKind.DATABASE, name, Access.EXECUTE)


def show(walk: Walk, tree: Any) -> None:
    """SHOW; SHOW CREATE TABLE and VIEW read a definition."""
    walk.draft.effects.add(Effect.READ)
    target = tree.args.get("target")
    if str(tree.this).upper() in words.SHOWN_DEFINITIONS and isinstance(target, exp.Expression):
        table = exp.Table(this=target, db=tree.args.get("db"))
        full, kind, _ = walk.resolve(table)
        walk.draft.read(full, kind)


def describe(walk: Walk, tree: Any) -> None:
    """DESCRIBE of a table, or EXPLAIN of a statement, which is nested and only planned unless analyzed."""
    draft = walk.draft
    draft.effects.add(Effect.READ)
    if isinstance(tree.this, exp.Table):
        full, kind, _ = walk.resolve(tree.this)
        draft.read(full, kind)
        return
    draft.verb = "explain"
    draft.columns_out = [ColumnOut(name="QUERY PLAN")]
    analyzed = any(
        "analy" in str(value).lower() for name, value in tree.args.items() if name != "this" and value
    )
    nested = statements.statement(walk, tree.this, draft)
    nested.columns_out = []
    nested.planned = not analyzed


def configure(walk: Walk, tree: Any) -> None:
    """KILL of another connection."""
    walk.draft.effects.add(Effect.CONFIGURE)
    if isinstance(tree, exp.Kill):
        walk.draft.effects.add(Effect.EXECUTE)
        walk.draft.touch(ResourceKind.PROCESS, tree.this.name, Access.EXECUTE)


def analyze(walk: Walk, tree: Any) -> None:
    """ANALYZE gathers statistics."""
    walk.draft.effects.add(Effect.CONFIGURE)
    for table in (*tree.args.get("tables", ()), tree.this):
        if isinstance(table, exp.Table):
            full, kind, _ = walk.resolve(table)
            walk.draft.touch(kind, full, Access.EXECUTE)


_READ_PRAGMAS: Final = frozenset(
    {
        "table_info",
        "table_xinfo",
        "table_list",
        "index_list",
        "index_info",
        "foreign_key_list",
        "database_list",
    }
)


def pragma(walk: Walk, tree: Any) -> None:
    """PRAGMA: plain inspection is read, all else may change the database."""
    name = (tree.this.this.name if isinstance(tree.this, exp.EQ) else tree.this.name).lower()
    walk.draft.touch(ResourceKind.SETTING, name, Access.READ if name in _READ_PRAGMAS else Access.WRITE)
    walk.draft.effects.add(Effect.READ if name in _READ_PRAGMAS else Effect.CONFIGURE)
    if name not in _READ_PRAGMAS:
        walk.opaque(
            ProblemCode.UNSUPPORTED, f"PRAGMA `{name}` may change the database; only plain inspection is read"
        )


def attach(walk: Walk, tree: Any) -> None:
    """ATTACH and DETACH: another database file is opened."""
    walk.draft.effects.add(Effect.SESSION)
    target = tree.this.this if isinstance(tree.this, exp.Alias) else tree.this
    if isinstance(target, exp.Literal):
        walk.draft.flags |= {SqlFlag.READS_SERVER_FILE, SqlFlag.WRITES_SERVER_FILE}
        walk.draft.touch(ResourceKind.FILE, target.name, Access.WRITE)
    elif isinstance(tree, exp.Attach):
        walk.opaque(ProblemCode.UNKNOWN_TARGET, "ATTACH of a file whose name isn't a plain string")
