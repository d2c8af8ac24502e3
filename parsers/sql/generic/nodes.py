"""Which of sqlglot's node classes mean no more than their parts, by name.

Functions that sqlglot has a class for, operators, and the classes below only compute; their parts are followed. Any
other class may stand for columns that it doesn't name (`COLUMNS('e.*')`, `IDENTIFIER('email')`, `{*}`), so everything
visible may flow into it.
"""

# ruff: noqa: SIM905 — long word lists read better as text
from __future__ import annotations

from typing import Any, Final

from sqlglot import exp

_STRUCTURE: Final = frozenset(
    """
    Alias Aliases All Any AtIndex AtTimeZone Between BitString Boolean Bracket ByteString CharacterSet Cluster
    Comprehension Connect Cube DataTypeParam Distinct Distribute Fetch ForClause FormatJson FormatPhrase From
    FromTimeZone Group GroupingSets Having HavingMax Heredoc HexString Hint IgnoreNulls In Interval IntervalSpan
    Introducer JSON JSONColumnDef JSONExtractQuote JSONKeyValue JSONPath JSONPathFilter JSONPathKey JSONPathPart
    JSONPathRecursive JSONPathRoot JSONPathScript JSONPathSelector JSONPathSlice JSONPathSubscript JSONPathUnion
    JSONPathWildcard JSONSchema JSONValue Lambda Lateral Limit LimitOptions MergeTreeTTL National Null Offset
    OnCondition OpenJSONColumnDef Order Ordered OverflowTruncateBehavior PivotAlias Pivot PivotAny PreWhere Prior
    Qualify RawString RespectNulls Rollup Slice Sort TableAlias TableFromRows TranslateCharacters Tuple UnicodeString
    UnpivotColumns Var Variadic Where WindowSpec WithFill WithinGroup XMLKeyValueOption XMLNamespace ColumnDef
    SessionParameter
    """.split()
)
# Functions by class, but not by nature: they name columns or tables with text or patterns.
_NAMING: Final = frozenset("Columns StarMap DynamicIdentifier ModelAttribute".split())
# Each row becomes as many as the function yields.
_MULTIPLYING: Final = frozenset(
    """
    Explode ExplodeOuter ExplodingGenerateSeries GenerateSeries GenerateDateArray Inline JSONTable OpenJSON Posexplode
    PosexplodeOuter Stack Unnest UDTF XMLTable
    """.split()
)
_MULTIPLYING_CALLS: Final = frozenset(
    """
    arrayjoin explode flatten generate_series inline json_array_elements json_each json_tree jsonb_array_elements
    posexplode regexp_matches regexp_split_to_table stack string_split unnest
    """.split()
)


def only_computes(node: Any) -> bool:
    """Tell whether nothing but the parts of `node` flows into it."""
    name = type(node).__name__
    if isinstance(node, exp.Star):
        return isinstance(node.parent, exp.Count)
    if isinstance(node, exp.Placeholder):
        return str(node.args.get("kind") or "").lower() != "identifier"
    if isinstance(node, exp.Parameter):
        return not isinstance(node.this, exp.Literal)  # Snowflake: `$3` is the third column
    if name in _NAMING:
        return False
    return isinstance(node, exp.Func | exp.Binary | exp.Unary) or name in _STRUCTURE


def multiplies(node: Any) -> bool:
    """Tell whether a call decides how many rows come out."""
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower() in _MULTIPLYING_CALLS
    return type(node).__name__ in _MULTIPLYING
