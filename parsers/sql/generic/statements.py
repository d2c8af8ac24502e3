"""Statements of the other dialects: an allow-list of sqlglot's root classes, each with its facts.

A root that isn't listed is opaque: sqlglot turns statements it doesn't know into `Command`, or, worse, into a
column or an alias. For a `Command` the leading keywords still name the verb and some flags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlglot import exp

from policy_engine.documents.action import ColumnOut
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.drafts import Draft
from policy_engine.parsers.sql.generic import changes, expressions, queries, words
from policy_engine.parsers.sql.generic.identifiers import part, table_name
from policy_engine.parsers.sql.generic.walk import Walk
from policy_engine.parsers.sql.names import render_part
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


# -- DDL --------------------------------------------------------------------------------------------------------
_CREATED: Final[dict[str, ResourceKind]] = {
    "TABLE": ResourceKind.TABLE,
    "VIEW": ResourceKind.VIEW,
    "MATERIALIZED VIEW": ResourceKind.VIEW,
    "INDEX": ResourceKind.INDEX,
    "SCHEMA": ResourceKind.SCHEMA,
    "DATABASE": ResourceKind.DATABASE,
    "SEQUENCE": ResourceKind.SEQUENCE,
    "FUNCTION": ResourceKind.FUNCTION,
    "PROCEDURE": ResourceKind.FUNCTION,
    "TYPE": ResourceKind.TYPE,
    "COLUMN": ResourceKind.COLUMN,
}


def _create(walk: Walk, tree: Any) -> None:
    draft = walk.draft
    draft.effects |= {Effect.DEFINE, Effect.CREATE}
    draft.flags.add(SqlFlag.DDL)
    kind = str(tree.args.get("kind") or "").upper()
    if kind not in _CREATED or kind in ("FUNCTION", "PROCEDURE"):
        walk.opaque(
            ProblemCode.UNSUPPORTED, f"CREATE {kind} in {walk.dialect} isn't read; its body isn't known"
        )
    this = (
        tree.this.this
        if isinstance(tree.this, exp.Schema | exp.UserDefinedFunction | exp.StoredProcedure)
        else tree.this
    )
    if isinstance(this, exp.Index):
        if this.name:
            draft.write(render_part(part(this.this)), ResourceKind.INDEX)
        if (table := this.args.get("table")) is not None:
            walk.write(table)
    elif isinstance(this, exp.Table):
        _named(walk, this, _CREATED.get(kind, ResourceKind.EXTENSION))
    else:
        walk.unsupported(tree)
    if tree.args.get("replace"):
        draft.effects.add(Effect.DELETE)
    if tree.args.get("clone") is not None:
        source = tree.args["clone"].this
        draft.read(walk.resolve(source)[0] if isinstance(source, exp.Table) else source.sql())
    _referenced(walk, tree)
    if isinstance(tree.expression, exp.Query):
        statement(walk, tree.expression, draft)
    elif tree.expression is not None:
        walk.unsupported(tree.expression)


def _named(walk: Walk, table: Any, kind: ResourceKind) -> None:
    full = walk.resolve(table)[0] if kind in (ResourceKind.TABLE, ResourceKind.VIEW) else table_name(table)
    walk.draft.write(full, kind)


def _referenced(walk: Walk, tree: Any) -> None:
    """Foreign keys and LIKE name other tables; defaults and checks call functions."""
    if isinstance(tree.this, exp.Schema):
        for reference in tree.this.find_all(exp.Reference, exp.LikeProperty):
            table = reference.this.this if isinstance(reference.this, exp.Schema) else reference.this
            if isinstance(table, exp.Table):
                full, kind, _ = walk.resolve(table)
                walk.draft.touch(kind, full, Access.READ)
        for node in tree.this.find_all(exp.Anonymous, exp.Command):
            if isinstance(node, exp.Command):
                walk.unsupported(node)
            else:
                walk.called(str(node.name))
    properties = tree.args.get("properties")
    for found in properties.find_all(exp.LocationProperty) if properties is not None else ():
        walk.draft.effects.add(Effect.TRANSFER)
        walk.draft.touch(ResourceKind.FILE, str(found.this.name), Access.READ)


def _drop(walk: Walk, tree: Any) -> None:
    draft = walk.draft
    draft.effects |= {Effect.DEFINE, Effect.DELETE}
    draft.flags.add(SqlFlag.DDL)
    kind = str(tree.args.get("kind") or "").upper()
    found = _CREATED.get(kind)
    tables = [table for table in (tree.args.get("tables") or [tree.this]) if table is not None]
    for table in tables:
        if isinstance(table, exp.Table):
            _named(walk, table, found or ResourceKind.EXTENSION)
        else:
            draft.write(table.sql().lower(), found or ResourceKind.EXTENSION)
    if found is None or not tables:
        walk.opaque(
            ProblemCode.UNSUPPORTED, f"DROP {kind} in {walk.dialect} isn't read; its objects aren't known"
        )


_ALTERING = (
    "AddConstraint", "AlterColumn", "AlterRename", "ColumnDef", "Drop", "RenameColumn", "AddPartition",
    "DropPartition", "AlterSet", "AlterDistStyle", "AlterSortKey", "AlterIndex", "RenameIndex", "ModifyColumn",
)  # fmt: skip


def _alter(walk: Walk, tree: Any) -> None:
    draft = walk.draft
    draft.effects |= {Effect.DEFINE, Effect.UPDATE}
    draft.flags.add(SqlFlag.DDL)
    kind = str(tree.args.get("kind") or "").upper()
    if not isinstance(tree.this, exp.Table) or kind not in ("TABLE", "VIEW"):
        walk.opaque(ProblemCode.UNSUPPORTED, f"ALTER {kind} in {walk.dialect} isn't read")
        return
    full = walk.resolve(tree.this)[0]
    draft.write(full, ResourceKind.VIEW if kind == "VIEW" else ResourceKind.TABLE)
    for action in tree.args.get("actions") or ():
        name = type(action).__name__
        if name == "Drop":
            draft.effects.add(Effect.DELETE)
        if name == "AlterRename" and isinstance(action.this, exp.Table):
            walk.write(action.this)
        if name not in _ALTERING or any(True for _ in action.find_all(exp.Command, exp.Anonymous)):
            walk.unsupported(action)


def _truncate(walk: Walk, tree: Any) -> None:
    walk.draft.effects.add(Effect.DELETE)
    for table in tree.expressions:
        if isinstance(table, exp.Table):
            walk.write(table)
        else:
            walk.unsupported(table)


def _comment(walk: Walk, tree: Any) -> None:
    walk.draft.effects |= {Effect.DEFINE, Effect.UPDATE}
    walk.draft.flags.add(SqlFlag.DDL)
    if isinstance(tree.this, exp.Table):
        full, kind, _ = walk.resolve(tree.this)
        walk.draft.touch(kind, full, Access.EXECUTE)


# -- rights -----------------------------------------------------------------------------------------------------
def _grant(walk: Walk, tree: Any) -> None:
    walk.draft.effects.add(Effect.GRANT)
    walk.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)
    securable = tree.args.get("securable")
    if isinstance(securable, exp.Table):
        full, kind, _ = walk.resolve(securable)
        found = _CREATED.get(str(tree.args.get("kind") or "TABLE").upper(), ResourceKind.EXTENSION)
        walk.draft.touch(kind if found is ResourceKind.TABLE else found, full, Access.EXECUTE)
    elif securable is not None:
        walk.draft.touch(ResourceKind.EXTENSION, securable.sql().lower(), Access.EXECUTE)
    for principal in tree.args.get("principals") or ():
        walk.draft.write(part(principal.this), ResourceKind.ROLE)


# -- session ----------------------------------------------------------------------------------------------------
def _session(walk: Walk, _tree: Any) -> None:
    walk.draft.effects.add(Effect.SESSION)


def _set(walk: Walk, tree: Any) -> None:
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


def _use(walk: Walk, tree: Any) -> None:
    walk.draft.effects.add(Effect.SESSION)
    kind = str(tree.args.get("kind") or "").upper()
    name = tree.this.sql().lower() if tree.this is not None else ""
    if "ROLE" in kind:
        walk.draft.flags.add(SqlFlag.ROLE_CHANGE)
        walk.draft.effects.add(Effect.ASSUME)
        walk.draft.write(name, ResourceKind.ROLE)
    else:
        walk.draft.touch(ResourceKind.DATABASE, name, Access.EXECUTE)


def _show(walk: Walk, tree: Any) -> None:
    walk.draft.effects.add(Effect.READ)
    target = tree.args.get("target")
    if str(tree.this).upper() in words.SHOWN_DEFINITIONS and isinstance(target, exp.Expression):
        table = exp.Table(this=target, db=tree.args.get("db"))
        full, kind, _ = walk.resolve(table)
        walk.draft.read(full, kind)


def _describe(walk: Walk, tree: Any) -> None:
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
    nested = statement(walk, tree.this, draft)
    nested.columns_out = []
    nested.planned = not analyzed


def _configure(walk: Walk, tree: Any) -> None:
    walk.draft.effects.add(Effect.CONFIGURE)
    if isinstance(tree, exp.Kill):
        walk.draft.effects.add(Effect.EXECUTE)
        walk.draft.touch(ResourceKind.PROCESS, tree.this.name, Access.EXECUTE)


def _analyze(walk: Walk, tree: Any) -> None:
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


def _pragma(walk: Walk, tree: Any) -> None:
    name = (tree.this.this.name if isinstance(tree.this, exp.EQ) else tree.this.name).lower()
    walk.draft.touch(ResourceKind.SETTING, name, Access.READ if name in _READ_PRAGMAS else Access.WRITE)
    walk.draft.effects.add(Effect.READ if name in _READ_PRAGMAS else Effect.CONFIGURE)
    if name not in _READ_PRAGMAS:
        walk.opaque(
            ProblemCode.UNSUPPORTED, f"PRAGMA `{name}` may change the database; only plain inspection is read"
        )


def _attach(walk: Walk, tree: Any) -> None:
    """ATTACH and DETACH: another database file is opened."""
    walk.draft.effects.add(Effect.SESSION)
    target = tree.this.this if isinstance(tree.this, exp.Alias) else tree.this
    if isinstance(target, exp.Literal):
        walk.draft.flags |= {SqlFlag.READS_SERVER_FILE, SqlFlag.WRITES_SERVER_FILE}
        walk.draft.touch(ResourceKind.FILE, target.name, Access.WRITE)
    elif isinstance(tree, exp.Attach):
        walk.opaque(ProblemCode.UNKNOWN_TARGET, "ATTACH of a file whose name isn't a plain string")


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
    "TruncateTable": ("truncate", _truncate),
    "Create": ("create", _create),
    "Drop": ("drop", _drop),
    "Alter": ("alter", _alter),
    "Comment": ("comment", _comment),
    "Grant": ("grant", _grant),
    "Revoke": ("revoke", _grant),
    "Transaction": ("begin", _session),
    "Commit": ("commit", _session),
    "Rollback": ("rollback", _session),
    "Set": ("set", _set),
    "Use": ("use", _use),
    "Show": ("show", _show),
    "Describe": ("show", _describe),
    "Kill": ("shutdown", _configure),
    "Analyze": ("analyze", _analyze),
    "Pragma": ("pragma", _pragma, _SQLITE_LIKE),
    "Attach": ("attach", _attach, _SQLITE_LIKE),
    "Detach": ("detach", _attach, _SQLITE_LIKE),
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
