"""`check_sections`: every mistake that can be seen before a decision has a code and a place."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from policy_engine.documents.errors import BundleError
from policy_engine.documents.vocabulary import ALL_FLAGS, ResourceKind
from policy_engine.duty_model import check_sections

GOOD: dict[str, Any] = {
    "duties": {
        "read": {
            "covers": [
                {
                    "effects": ["read"],
                    "protocols": ["sql"],
                    "verbs": ["select"],
                    "resources": ["public.{a,b}[0-9]"],
                }
            ],
            "holders": {"groups": ["reader"], "agents": ["exec-*"], "max_depth": 2},
        },
        "purge": {
            "covers": [{"effects": ["delete"], "flags": ["no_where"], "opaque": True}],
            "holders": {"subjects": ["ana"]},
        },
    },
    "conflicts": {
        "apart": {"kind": "role", "duties": ["read", "purge"]},
        "asked": {"kind": "requester", "duties": ["purge"]},
    },
    "masks": {
        "email": {"columns": ["public.customers.email"], "method": "partial", "except_duties": ["purge"]},
        "secrets": {"resources": ["/secrets:*"], "path": "data", "method": "fixed"},
    },
    "approvals": {
        "destroy": {
            "when": {"effects": ["delete"]},
            "approvers": [{"groups": ["lead"]}, {"groups": ["sec"], "count": 2}],
        }
    },
}
DUTY = ("duties", "read")
COVER = (*DUTY, "covers", 0)
# What is replaced in GOOD, by what; the code, the path below `sod` that is shown, a part of the sentence.
BAD: list[tuple[tuple[str | int, ...], Any, str, tuple[str | int, ...], str]] = [
    (("dutys",), {}, "unknown_section", ("dutys",), "did you mean `duties`"),
    (("duties",), [], "section_not_mapping", ("duties",), "mapping"),
    ((*DUTY,), None, "duties_invalid", DUTY, "object"),
    ((*COVER, "effects"), ["raed"], "duties_invalid", (*COVER, "effects", 0), "raed"),
    ((*COVER, "effects"), [], "duties_invalid", (*COVER, "effects"), "length"),
    ((*COVER, "verb"), ["select"], "duties_invalid", COVER, "verb"),
    ((*DUTY, "covers"), [], "duties_invalid", (*DUTY, "covers"), "length"),
    ((*DUTY, "holders", "max_depth"), -1, "duties_invalid", (*DUTY, "holders", "max_depth"), ">= 0"),
    ((*DUTY, "holders"), {"agents": ["a"]}, "duty_without_holder", (*DUTY, "holders"), "nobody can hold"),
    ((*COVER, "verbs"), ["selekt"], "unknown_verb", (*COVER, "verbs", 0), "did you mean `select`"),
    ((*COVER, "verbs"), ["select", "patch"], "unknown_verb", (*COVER, "verbs", 1), "verb of sql"),
    ((*COVER, "flags"), ["no_were"], "unknown_flag", (*COVER, "flags", 0), "did you mean `no_where`"),
    ((*COVER, "resources"), ["a[b"], "invalid_glob", (*COVER, "resources", 0), "`a[b`"),
    ((*COVER, "resources"), ["ok", "a]"], "invalid_glob", (*COVER, "resources", 1), "no glob"),
    ((*COVER, "resources"), ["{a,{b}}"], "invalid_glob", (*COVER, "resources", 0), "no glob"),
    ((*COVER, "resources"), ["a}{"], "invalid_glob", (*COVER, "resources", 0), "no glob"),
    ((*COVER, "resources"), ["a\\*"], "invalid_glob", (*COVER, "resources", 0), "backslash"),
    ((*DUTY, "holders", "agents"), ["{a"], "invalid_glob", (*DUTY, "holders", "agents", 0), "no glob"),
    (("conflicts", "apart", "kind"), "rol", "conflicts_invalid", ("conflicts", "apart", "kind"), "rol"),
    (
        ("conflicts", "apart", "duties"),
        ["read", "pruge"],
        "unknown_duty",
        ("conflicts", "apart", "duties", 1),
        "did you mean `purge`",
    ),
    (
        ("conflicts", "apart", "duties"),
        ["read", "read"],
        "conflict_of_one",
        ("conflicts", "apart", "duties"),
        "two different",
    ),
    (("masks", "email", "method"), "blur", "masks_invalid", ("masks", "email", "method"), "blur"),
    (
        ("masks", "email", "except_duties"),
        ["x"],
        "unknown_duty",
        ("masks", "email", "except_duties", 0),
        "`x` is no duty",
    ),
    (("masks", "email", "columns"), [], "mask_of_nothing", ("masks", "email"), "either"),
    (("masks", "email", "resources"), ["x"], "mask_of_nothing", ("masks", "email"), "either"),
    (("masks", "secrets", "path"), None, "mask_of_nothing", ("masks", "secrets"), "path"),
    (
        ("masks", "email", "columns"),
        ["email"],
        "column_pattern_unclear",
        ("masks", "email", "columns", 0),
        "schema.table.column",
    ),
    (
        ("masks", "email", "columns"),
        ["a.b", "public.*"],
        "column_pattern_unclear",
        ("masks", "email", "columns", 1),
        "public.*",
    ),
    (
        ("masks", "email", "columns"),
        ["a.{b.c,d}"],
        "invalid_glob",
        ("masks", "email", "columns", 0),
        "each part",
    ),
    (("masks", "email", "columns"), ["a..c"], "invalid_glob", ("masks", "email", "columns", 0), "no column"),
    (("masks", "secrets", "resources"), ["["], "invalid_glob", ("masks", "secrets", "resources", 0), "`[`"),
    (
        ("approvals", "destroy", "expires_in"),
        0,
        "approvals_invalid",
        ("approvals", "destroy", "expires_in"),
        ">= 1",
    ),
    (
        ("approvals", "destroy", "when"),
        {"verbs": ["x"]},
        "unknown_verb",
        ("approvals", "destroy", "when", "verbs", 0),
        "`x`",
    ),
    (
        ("approvals", "destroy", "when"),
        {"resources": ["}"]},
        "invalid_glob",
        ("approvals", "destroy", "when", "resources", 0),
        "`}`",
    ),
    (
        ("approvals", "destroy", "approvers"),
        [{"groups": []}],
        "approval_by_nobody",
        ("approvals", "destroy", "approvers", 0),
        "at least one group",
    ),
    (
        ("approvals", "destroy", "approvers"),
        [{"groups": ["a"], "count": 0}],
        "approval_by_nobody",
        ("approvals", "destroy", "approvers", 0),
        "count",
    ),
    (
        ("approvals", "destroy", "approvers"),
        [{"groups": ["a", "b"]}, {"groups": ["b", "a"]}],
        "approval_entry_repeated",
        ("approvals", "destroy", "approvers", 1),
        "count",
    ),
]


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    sod = copy.deepcopy(GOOD)
    spot: Any = sod
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    return sod


def nowhere(path: tuple[str | int, ...]) -> tuple[None, None, None]:
    return None, None, None


def test_sections_that_are_right_pass() -> None:
    check_sections(GOOD, nowhere)
    check_sections({}, nowhere)


@pytest.mark.parametrize(("path", "value", "code", "shown", "part"), BAD, ids=lambda value: str(value)[:40])
def test_a_mistake_is_refused_with_its_code_and_place(
    path: tuple[str | int, ...], value: Any, code: str, shown: tuple[str | int, ...], part: str
) -> None:
    asked = []

    def place(where: tuple[str | int, ...]) -> tuple[str, int, int]:
        asked.append(where)
        return "duties.yaml", 7, 3

    with pytest.raises(BundleError) as caught:
        check_sections(changed(path, value), place)
    assert caught.value.code == code
    assert part in caught.value.message
    assert asked == [("sod", *shown)]
    assert (caught.value.file, caught.value.row, caught.value.column) == ("duties.yaml", 7, 3)


def test_the_library_names_only_words_of_the_vocabularies() -> None:
    library = Path(__file__).parents[2] / "rego" / "library" / "sod"

    def words(file: str, rule: str) -> set[str]:
        text = (library / file).read_text("utf-8")
        body = text.split(f"{rule} := {{", 1)[1].split("}", 1)[0]
        return {word.strip().strip('"') for word in body.split(",") if word.strip()}

    assert words("coverage.rego", "risky") <= ALL_FLAGS
    assert words("names.rego", "kinds") == set(ResourceKind)
