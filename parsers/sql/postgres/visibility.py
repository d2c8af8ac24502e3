"""Where unqualified relation names are looked up while a text runs: the search path and the temporary tables.

Both change from statement to statement, and a statement may take such a change back: ROLLBACK, COMMIT after SET
LOCAL or ON COMMIT DROP, DROP, ALTER … RENAME, RESET, DISCARD. While what is in force is certain a name has one
place; as soon as it isn't, the name stays as written and every place it may stand for is a candidate.
"""

from __future__ import annotations

from policy_engine.parsers.sql.postgres.tree import Node, body_of, strings, tagged

Path = tuple[str, ...]
TEMPORARY = "pg_temp"
# Statements after which temporary relations may be gone, whatever their names.
_MAY_DROP_ALL = frozenset({"DropOwnedStmt", "DiscardStmt", "DoStmt", "CallStmt"})


class Visibility:
    """The search paths that may be in force (several when it isn't certain) and the temporary relations."""

    def __init__(self, path: Path) -> None:
        self.paths: tuple[Path, ...] = (_readable(path),)
        self._ever: dict[Path, None] = {self.paths[0]: None}
        self._temporary: dict[str, bool] = {}
        self._new: set[str] = set()
        self._in_transaction = False
        self._ends_with_transaction = False

    @property
    def path(self) -> Path:
        """Return the search path, or `()` when it isn't known."""
        return self.paths[0] if len(self.paths) == 1 else ()

    def set_path(self, path: Path, *, local: bool = False) -> None:
        """From here on names are looked up in `path`; `()` stands for one that isn't known."""
        path = _readable(path)
        self._ever[path] = None
        self.paths = (path,)
        if local:
            self._ends_with_transaction = True
            if not self._in_transaction:
                # Outside of a block it ends with the text that the server received, wherever that ends.
                self.paths = tuple(self._ever)

    def within(self, path: Path) -> tuple[Path, ...]:
        """Look names up in `path` for a part of a statement; return what `paths` has to be set back to."""
        before = self.paths
        self.paths = (path,)
        return before

    def created(self, name: str) -> None:
        """Note a temporary relation of the current statement; the statement itself doesn't see it yet."""
        self._new.add(name)

    def places(self, name: str) -> tuple[tuple[Path, ...], bool | None]:
        """Return the paths to look `name` up in, and whether it is temporary: yes, no, or None for perhaps."""
        known = self._temporary.get(name)
        if known is None:
            return self.paths, False
        if not known or any(TEMPORARY in path[1:] for path in self.paths):
            # `SET search_path = public, pg_temp` looks into the schema first.
            return self.paths, None
        return (), True

    def after(self, tag: str, body: Node) -> None:
        """Follow what a finished top-level statement of node type `tag` means for the names in later ones."""
        for name in self._new:
            self._temporary[name] = True
        self._new.clear()
        if tag == "ExplainStmt":
            tag, body = tagged(body.get("query")) or (tag, body)
        if tag == "TransactionStmt":
            self._transaction(str(body.get("kind", "TRANS_STMT_BEGIN")))
        elif tag in _MAY_DROP_ALL:
            self._doubt_temporary()
        elif tag == "DropStmt":
            self._dropped(body)
        elif tag == "RenameStmt" and body.get("renameType") not in ("OBJECT_COLUMN", "OBJECT_TABCONSTRAINT"):
            self._renamed(body)
        self._on_commit(body)

    def _on_commit(self, body: Node) -> None:
        into = body.get("into") if isinstance(body.get("into"), dict) else None
        into = into or (body.get("intoClause") if isinstance(body.get("intoClause"), dict) else None) or {}
        if "ONCOMMIT_DROP" not in (body.get("oncommit"), into.get("onCommit")):
            return
        self._ends_with_transaction = True
        if not self._in_transaction:
            self._doubt_temporary()

    def _transaction(self, kind: str) -> None:
        if kind in ("TRANS_STMT_BEGIN", "TRANS_STMT_START"):
            self._in_transaction = True
            return
        if kind in ("TRANS_STMT_SAVEPOINT", "TRANS_STMT_RELEASE"):
            return
        if not self._in_transaction:
            # It ends a transaction that began before this text, with whatever was set there.
            self._ever[()] = None
        if kind != "TRANS_STMT_COMMIT" or self._ends_with_transaction or not self._in_transaction:
            self.paths = tuple(self._ever)
            self._doubt_temporary()
        if kind != "TRANS_STMT_ROLLBACK_TO":
            self._in_transaction = self._ends_with_transaction = False

    def _doubt_temporary(self) -> None:
        self._temporary = dict.fromkeys(self._temporary, False)

    def _dropped(self, body: Node) -> None:
        """CASCADE and DROP SCHEMA take along what isn't named."""
        if body.get("behavior") == "DROP_CASCADE" or body.get("removeType") == "OBJECT_SCHEMA":
            self._doubt_temporary()
        for node in body.get("objects", ()):
            names = strings((body_of(node, "List") or {}).get("items"))
            if names and names[-1] in self._temporary:
                self._temporary[names[-1]] = False

    def _renamed(self, body: Node) -> None:
        old = str((body.get("relation") or {}).get("relname", ""))
        if old in self._temporary:
            self._temporary[old] = False
            if new := body.get("newname"):
                self._temporary[str(new)] = False


def _readable(path: Path) -> Path:
    """`$user` stands for a schema that the text doesn't name."""
    return () if "$user" in path else path
