"""Statements of the other dialects: an allow-list of sqlglot's root classes, each with its facts.

A root that isn't listed is opaque: sqlglot turns statements it doesn't know into `Command`, or, worse, into a
column or an alias. For a `Command` the leading keywords still name the verb and some flags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlglot import exp

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.drafts import Draft
from policy_engine.parsers.sql.generic import changes, definitions, expressions, queries, sessions, words
from policy_engine.parsers.sql.generic.identifiers import table_name
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.relations import Scope, Sink

Handler = Callable[[Walk, Any], None]


def statement(walk: Walk, tree: Any, parent: Draft | None = None) -> Draft:
    """Read one statement as an operation; return it."""
    walk.step()
    draft = walk.report.open("other", parent, None)
    outer = getattr(walk, "draft", None)
    walk.draft = draft
    entry = ROOTS.get(type(tree).__name__)
    if entry is None or (len(entry) > 2 and walk.dialect not in entry[2]):
        by_words(walk, tree.sql())
    else:
        draft.verb = entry[0]
        entry[1](walk, tree)
    if outer is not None and parent is not None:
        walk.draft = outer
    return draft


def _query(walk: Walk, tree: Any) -> None:
    walk.draft.columns_out = walk.output(queries.query(walk, tree, None))
    limit = tree.args.get("limit")
    if isinstance(limit, exp.Limit | exp.Fetch):
        count = limit.args.get("expression") or limit.args.get("count")
        if isinstance(count, exp.Literal) and not count.is_string and count.name.isdigit():
            walk.draft.limit = int(count.name)


def command(walk: Walk, tree: Any) -> None:
    """A statement that sqlglot keeps as text: opaque, with what its first words say."""
    if walk.dialect == "sqlite" and str(tree.this).upper() == "VACUUM" and not tree.expression:
        walk.draft.verb = "vacuum"
        walk.draft.effects.add(Effect.CONFIGURE)
        return
    text = f"{tree.this} {tree.expression.name if isinstance(tree.expression, exp.Expression) else tree.expression or ''}"
    by_words(walk, text)


def by_words(walk: Walk, text: str) -> None:
    """Name verb, effects and flags of a statement that isn't parsed, from its leading words; it is opaque."""
    found = [word.strip("(;,'\"").lower() for word in text[:400].split()][:6]
    draft = walk.draft
    draft.verb = next(
        (words.LEADING_VERBS[word] for word in found[:1] if word in words.LEADING_VERBS), "other"
    )
    draft.flags.add(SqlFlag.UNPARSED)
    draft.effects |= _VERB_EFFECTS.get(draft.verb, frozenset())
    rest = set(found[1:])
    if draft.verb in ("grant", "revoke", "deny") or (
        rest & {"user", "role", "login", "authorization", "policy"}
        and draft.verb in ("create", "alter", "drop")
    ):
        draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        draft.effects.add(Effect.GRANT)
    if draft.verb in ("create", "alter", "drop", "comment"):
        draft.flags.add(SqlFlag.DDL)
    if (
        "immediate" in rest
        or found[:1] == ["prepare"]
        or "sp_executesql" in rest
        or (found[:1] in (["exec"], ["execute"]) and "(" in text[:20])
    ):
        draft.flags.add(SqlFlag.DYNAMIC_SQL)
    if "xp_cmdshell" in rest:
        draft.flags.add(SqlFlag.EXECUTES_PROGRAM)
    if draft.verb == "do" or found[:1] in (["begin"], ["declare"]):
        draft.flags.add(SqlFlag.DYNAMIC_SQL)
    if (
        found[:2] == ["execute", "as"]
        or (draft.verb == "set" and rest & {"role", "authorization"})
        or draft.verb == "revert"
    ):
        draft.flags.add(SqlFlag.ROLE_CHANGE)
        draft.effects.add(Effect.ASSUME)
    if draft.verb == "set" and "password" in rest:
        draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        draft.effects.add(Effect.GRANT)
    if found[:2] in (["load", "data"], ["bulk", "insert"]):
        draft.verb = "import"
        draft.effects.discard(Effect.EXECUTE)
        draft.effects |= {Effect.CREATE, Effect.TRANSFER}
        draft.flags.add(SqlFlag.READS_SERVER_FILE)
    lowered = text.lower()
    if "outfile" in lowered or "dumpfile" in lowered:
        draft.flags.add(SqlFlag.WRITES_SERVER_FILE)
    walk.opaque(
        ProblemCode.UNSUPPORTED,
        f"a `{' '.join(found[:2]).upper()[:40]}` statement in {walk.dialect} isn't read; only its first words are known",
    )


_VERB_EFFECTS: Final[dict[str, frozenset[Effect]]] = {
    "select": frozenset({Effect.READ}),
    "insert": frozenset({Effect.CREATE}),
    "replace": frozenset({Effect.CREATE, Effect.DELETE}),
    "update": frozenset({Effect.UPDATE}),
    "delete": frozenset({Effect.DELETE}),
    "merge": frozenset({Effect.CREATE, Effect.UPDATE, Effect.DELETE}),
    "truncate": frozenset({Effect.DELETE}),
    "create": frozenset({Effect.DEFINE, Effect.CREATE}),
    "alter": frozenset({Effect.DEFINE, Effect.UPDATE}),
    "drop": frozenset({Effect.DEFINE, Effect.DELETE}),
    "grant": frozenset({Effect.GRANT}),
    "revoke": frozenset({Effect.GRANT}),
    "deny": frozenset({Effect.GRANT}),
    "call": frozenset({Effect.EXECUTE}),
    "execute": frozenset({Effect.EXECUTE}),
    "do": frozenset({Effect.EXECUTE}),
    "load": frozenset({Effect.EXECUTE}),
    "copy_in": frozenset({Effect.TRANSFER}),
    "copy_out": frozenset({Effect.TRANSFER}),
    "import": frozenset({Effect.TRANSFER}),
    "export": frozenset({Effect.TRANSFER}),
    "shutdown": frozenset({Effect.CONFIGURE}),
    "vacuum": frozenset({Effect.CONFIGURE}),
}


# -- code and bulk ------------------------------------------------------------------------------------------------
def _execute(walk: Walk, tree: Any) -> None:
    """T-SQL EXEC of a procedure or of a string."""
    draft = walk.draft
    draft.effects.add(Effect.EXECUTE)
    name = table_name(tree.this) if isinstance(tree.this, exp.Table) else ""
    last = name.split(".")[-1].lower()
    if not name or last == "sp_executesql":
        draft.verb = "execute"
        draft.flags.add(SqlFlag.DYNAMIC_SQL)
    if name:
        draft.touch(ResourceKind.FUNCTION, name, Access.EXECUTE)
    if last in ("xp_cmdshell", "sp_oacreate", "sp_oamethod", "sp_execute_external_script"):
        draft.flags.add(SqlFlag.EXECUTES_PROGRAM)
    if last in ("sp_addrolemember", "sp_addsrvrolemember", "sp_grantdbaccess", "sp_addlogin", "sp_adduser"):
        draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
        draft.effects.add(Effect.GRANT)
    if last in ("sp_setapprole",):
        draft.flags.add(SqlFlag.ROLE_CHANGE)
    for argument in tree.expressions:
        expressions.flow(walk, argument, Scope(), Sink())
    code = ProblemCode.UNKNOWN_FUNCTION if name and last != "sp_executesql" else ProblemCode.UNKNOWN_TEXT
    walk.opaque(code, f"what `EXEC {name or 'of a string'}` does isn't in the text")


def _declare(walk: Walk, tree: Any) -> None:
    walk.draft.effects.add(Effect.SESSION)
    for item in tree.find_all(exp.Query):
        walk.unsupported(item)


def _copy(walk: Walk, tree: Any) -> None:
    """COPY between a table and files or stages."""
    draft = walk.draft
    incoming = bool(tree.args.get("kind"))
    draft.verb = "copy_in" if incoming else "copy_out"
    draft.effects |= {Effect.TRANSFER, Effect.CREATE if incoming else Effect.READ}
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    for file in tree.args.get("files") or ():
        draft.touch(
            ResourceKind.FILE, str(file.name or file.sql()), Access.READ if incoming else Access.WRITE
        )
    if walk.dialect == "duckdb":
        draft.flags.add(SqlFlag.READS_SERVER_FILE if incoming else SqlFlag.WRITES_SERVER_FILE)
    if isinstance(target, exp.Table) and isinstance(target.this, exp.Identifier):
        full, kind, items = walk.resolve(target)
        if incoming:
            draft.write(full, kind)
        else:
            draft.read(full, kind)
            draft.columns_out = walk.output(items)
    elif isinstance(target, exp.Subquery | exp.Query):
        nested = statement(walk, target, draft)
        draft.columns_out = list(nested.columns_out)
    if walk.dialect == "snowflake" or not isinstance(target, exp.Table):
        walk.opaque(ProblemCode.UNKNOWN_TARGET, "COPY with a stage moves data that isn't in the text")


def _unsupported(walk: Walk, tree: Any) -> None:
    walk.draft.effects |= _VERB_EFFECTS.get(walk.draft.verb, frozenset())
    for table in _tables(tree):
        full, kind, _ = walk.resolve(table)
        walk.draft.touch(kind, full, Access.WRITE)
    walk.unsupported(tree)


def _tables(tree: Any) -> Iterator[Any]:
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier):
            yield table


_SQLITE_LIKE = frozenset({"sqlite", "duckdb"})
ROOTS: Final[dict[str, tuple[Any, ...]]] = {
    **dict.fromkeys(
        ("Select", "Union", "Except", "Intersect", "Subquery", "Values", "Table"), ("select", _query)
    ),
    "Insert": ("insert", changes.insert),
    "Update": ("update", changes.update),
    "Delete": ("delete", changes.delete),
    "Merge": ("merge", changes.merge),
    "TruncateTable": ("truncate", definitions.truncate),
    "Create": ("create", definitions.create),
    "Drop": ("drop", definitions.drop),
    "Alter": ("alter", definitions.alter),
    "Comment": ("comment", definitions.comment),
    "Grant": ("grant", definitions.grant),
    "Revoke": ("revoke", definitions.grant),
    "Transaction": ("begin", sessions.session),
    "Commit": ("commit", sessions.session),
    "Rollback": ("rollback", sessions.session),
    "Set": ("set", sessions.set_variables),
    "Use": ("use", sessions.use),
    "Show": ("show", sessions.show),
    "Describe": ("show", sessions.describe),
    "Kill": ("shutdown", sessions.configure),
    "Analyze": ("analyze", sessions.analyze),
    "Pragma": ("pragma", sessions.pragma, _SQLITE_LIKE),
    "Attach": ("attach", sessions.attach, _SQLITE_LIKE),
    "Detach": ("detach", sessions.attach, _SQLITE_LIKE),
    "Execute": ("call", _execute, frozenset({"tsql"})),
    "ExecuteSql": ("execute", _execute, frozenset({"tsql"})),
    "Declare": ("declare", _declare),
    "Copy": ("copy_in", _copy, frozenset({"redshift", "snowflake", "databricks", "duckdb"})),
    "Command": ("other", command),
    # understood by name only
    "MultitableInserts": ("insert", _unsupported),
    "LoadData": ("import", _unsupported),
    "Export": ("export", _unsupported),
    "Install": ("load", _unsupported),
    "Put": ("copy_in", _unsupported),
    "Get": ("copy_out", _unsupported),
    "IfBlock": ("if", _unsupported),
    "WhileBlock": ("while", _unsupported),
    "ForIn": ("while", _unsupported),
    "Refresh": ("refresh", _unsupported),
    "Cache": ("other", _unsupported),
    "Summarize": ("show", _unsupported),
    "Undrop": ("create", _unsupported),
    "ListStage": ("show", _unsupported),
}
