"""Statements about rights: GRANT, REVOKE, roles, default privileges, user mappings, REASSIGN and DROP OWNED."""

from __future__ import annotations

from typing import Any, Final

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind, SqlFlag
from policy_engine.parsers.sql.names import render
from policy_engine.parsers.sql.postgres import definitions
from policy_engine.parsers.sql.postgres.analysis import Analysis
from policy_engine.parsers.sql.postgres.objects import object_kind, object_name, role_name
from policy_engine.parsers.sql.postgres.tree import Node, body_of, options, strings, tagged

_RELATION_TYPES: Final = frozenset({"OBJECT_TABLE", "OBJECT_SEQUENCE"})


def grant(analysis: Analysis, body: Node) -> None:
    """GRANT and REVOKE of privileges on objects. The objects' content stays: they are acted on, not written."""
    _privileges(analysis)
    kind = body.get("objtype")
    whole_schema = body.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA"
    for node in body.get("objects", ()):
        relation = body_of(node, "RangeVar")
        if whole_schema:
            analysis.act_on(ResourceKind.SCHEMA, object_name(analysis, node), Access.EXECUTE)
        elif relation is not None:
            full, found, _ = analysis.relation_name(relation)
            analysis.act_on(object_kind(kind) if kind == "OBJECT_SEQUENCE" else found, full, Access.EXECUTE)
        else:
            analysis.act_on(object_kind(kind), object_name(analysis, node, kind), Access.EXECUTE)
    _roles(analysis, body.get("grantees"))


def grant_role(analysis: Analysis, body: Node) -> None:
    """GRANT and REVOKE of roles: both sides are roles."""
    _privileges(analysis)
    for node in body.get("granted_roles", ()):
        granted = body_of(node, "AccessPriv") or {}
        analysis.act_on(ResourceKind.ROLE, render([str(granted.get("priv_name", ""))]))
    _roles(analysis, body.get("grantee_roles"))


def default_privileges(analysis: Analysis, body: Node) -> None:
    """ALTER DEFAULT PRIVILEGES: a GRANT on whatever will be created."""
    _privileges(analysis)
    analysis.draft.flags.add(SqlFlag.DDL)
    given = options(body.get("options"))
    for node in (body_of(given.get("schemas"), "List") or {}).get("items", ()):
        analysis.act_on(ResourceKind.SCHEMA, object_name(analysis, node), Access.EXECUTE)
    _roles(analysis, (body_of(given.get("roles"), "List") or {}).get("items", ()))
    _roles(analysis, (body.get("action") or {}).get("grantees"))


def role(analysis: Analysis, body: Node) -> None:
    """CREATE, ALTER and DROP ROLE, USER, GROUP."""
    _privileges(analysis, Effect.DEFINE)
    analysis.draft.flags.add(SqlFlag.DDL)
    if isinstance(body.get("role"), str):
        analysis.draft.effects.add(Effect.CREATE)
        analysis.act_on(ResourceKind.ROLE, render([body["role"]]))
    elif "role" in body:
        analysis.draft.effects.add(Effect.UPDATE)
        analysis.act_on(ResourceKind.ROLE, role_name(body["role"]))
    else:
        analysis.draft.effects.add(Effect.DELETE)
        _roles(analysis, body.get("roles"))
    for node in body.get("options", ()):
        members = body_of((body_of(node, "DefElem") or {}).get("arg"), "List")
        if members is not None:
            _roles(analysis, members.get("items"))


def role_setting(analysis: Analysis, body: Node) -> None:
    """ALTER ROLE … SET: the setting holds for every later session of the role."""
    _privileges(analysis, Effect.DEFINE)
    analysis.draft.flags.add(SqlFlag.DDL)
    analysis.act_on(ResourceKind.ROLE, role_name(body["role"]) if body.get("role") else "ALL")
    if body.get("database"):
        analysis.act_on(ResourceKind.DATABASE, render([str(body["database"])]))
    definitions.stored_setting(analysis, body.get("setstmt") or {})


def user_mapping(analysis: Analysis, body: Node) -> None:
    """CREATE, ALTER and DROP USER MAPPING: with which credentials a role reaches another server."""
    _privileges(analysis, Effect.DEFINE)
    analysis.draft.flags.add(SqlFlag.DDL)
    analysis.act_on(ResourceKind.ROLE, role_name(body.get("user")))
    analysis.act_on(ResourceKind.EXTENSION, render([str(body.get("servername", ""))]))


def reassign_owned(analysis: Analysis, body: Node) -> None:
    """REASSIGN OWNED: whatever the roles own changes hands; which objects isn't in the text."""
    _privileges(analysis, Effect.UPDATE)
    analysis.draft.flags.add(SqlFlag.DDL)
    _roles(analysis, body.get("roles"))
    analysis.act_on(ResourceKind.ROLE, role_name(body.get("newrole")))
    analysis.opaque(
        ProblemCode.UNKNOWN_TARGET, "REASSIGN OWNED changes every object that the roles own; name the objects"
    )


def drop_owned(analysis: Analysis, body: Node) -> None:
    """DROP OWNED: whatever the roles own is dropped; which objects isn't in the text."""
    _privileges(analysis, Effect.DEFINE, Effect.DELETE)
    analysis.draft.flags.add(SqlFlag.DDL)
    _roles(analysis, body.get("roles"))
    analysis.opaque(
        ProblemCode.UNKNOWN_TARGET, "DROP OWNED drops every object that the roles own; name the objects"
    )


def _privileges(analysis: Analysis, *effects: Effect) -> None:
    analysis.draft.effects |= {Effect.GRANT, *effects}
    analysis.draft.flags.add(SqlFlag.PRIVILEGE_CHANGE)


def _roles(analysis: Analysis, nodes: Any) -> None:
    for node in nodes or ():
        found = tagged(node)
        if found is None:
            continue
        tag, body = found
        name = role_name(body) if tag == "RoleSpec" else ".".join(strings([node]))
        analysis.act_on(ResourceKind.ROLE, name)
