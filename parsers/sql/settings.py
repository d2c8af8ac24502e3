"""Settings of a session: which of them change the acting role or the way later text is read."""

from __future__ import annotations

from typing import Final, Protocol

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.drafts import Draft

# They change how the server splits later text into tokens, so that a parser here would read another text.
LEXER_SETTINGS: Final = frozenset(
    {"standard_conforming_strings", "backslash_quote", "client_encoding", "names"}
)
ROLE_SETTINGS: Final = frozenset({"role", "session_authorization"})
# They switch off checks or load code: not the lexer, but no harmless session setting either.
PRIVILEGED_SETTINGS: Final = frozenset(
    {
        "session_replication_role",
        "session_preload_libraries",
        "local_preload_libraries",
        "shared_preload_libraries",
        "dynamic_library_path",
        "row_security",
        "allow_system_table_mods",
        "check_function_bodies",
    }
)


class Changing(Protocol):
    """What this module needs of a walk: the operation it works on and a way to report."""

    draft: Draft

    def opaque(self, code: ProblemCode, message: str, location: object = None) -> None:
        """Make the current operation opaque and say why."""


def changed(walk: Changing, name: str, value: str | None, location: object) -> None:
    """Note that a setting changes; `value` is None where it isn't known or is the default."""
    folded = name.strip().lower()
    draft = walk.draft
    draft.effects.add(Effect.SESSION)
    draft.write(folded, ResourceKind.SETTING)
    if folded in ROLE_SETTINGS:
        draft.flags.add(SqlFlag.ROLE_CHANGE)
        draft.effects.add(Effect.ASSUME)
        if value is not None:
            draft.write(value, ResourceKind.ROLE)
    elif folded in LEXER_SETTINGS:
        draft.flags.add(SqlFlag.LEXER_CHANGE)
        walk.opaque(
            ProblemCode.LEXER_CHANGE,
            f"setting `{folded}` changes how the server reads later text; keep its default",
            location,
        )
    elif folded in PRIVILEGED_SETTINGS:
        draft.effects.add(Effect.CONFIGURE)


def split_names(text: str) -> list[str]:
    """Split a dotted name as PostgreSQL's `regclass` input does: quotes keep case and dots, the rest is folded."""
    parts: list[str] = []
    current, quoted, was_quoted = "", False, False
    index = 0
    while index < len(text):
        character = text[index]
        if character == '"':
            if quoted and text[index + 1 : index + 2] == '"':
                current += '"'
                index += 1
            else:
                quoted, was_quoted = not quoted, True
        elif character == "." and not quoted:
            parts.append(current if was_quoted else current.strip().lower())
            current, was_quoted = "", False
        else:
            current += character if quoted else character.lower()
        index += 1
    parts.append(current if was_quoted else current.strip().lower())
    return parts
