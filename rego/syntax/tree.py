"""The syntax tree of Rego: what the parser makes, what the checks rewrite, and what the planner reads.

Frozen dataclasses. Equality and hashing look at meaning only: `place` (row and column, from 1; the file stands on the
`Module`) never counts. Sequences are tuples. `Body` is `tuple[Expr, ...]`, `Term` the union of all term nodes.

One example per node:

    Null()                                      null
    Boolean(True)                               true
    Number("1.50")                              1.50            exact: the text; `.value` is int, float or Decimal
    String("a")                                 "a"             the meaning, escapes resolved; raw strings too
    Var("x")                                    x               `_` becomes Var("$0"), Var("$1"), … (`.is_wildcard`)
    Ref(Var("input"), (String("a"), Var("i")))  input.a[i]      `input` and `data` alone: Ref(Var("input"), ())
    Ref(Call(…), (String("a"),))                f(x).a          the head is any term, the path any terms
    Array((Number("1"), Var("x")))              [1, x]
    Object(((String("k"), Var("v")),))          {"k": v}        pairs in source order, as written
    Set((Number("1"),)) and Set(())             {1} and set()
    ArrayComprehension(Var("x"), body)          [x | …]
    SetComprehension(Var("x"), body)            {x | …}
    ObjectComprehension(k, v, body)             {k: v | …}
    Call(Ref(Var("count"), ()), (Var("x"),))    count(x)        operators are calls of their builtin, see `OPERATORS`
    Call(Ref(Var("time"), (String("clock"),)), (Var("x"),))     time.clock(x)
    Template((String("a "), Expr(Var("x"))))    $"a {x}"        parts: String, or Expr for what stands in braces
    Expr(Ref(…))                                input.a
    Expr(Call(…))                               x == y          `=` is a call of `eq`, `:=` of `assign`
    Expr(term, negated=True)                    not input.a
    Expr(term, withs=(With(target, value),))    input.a with input as {}
    Expr(Some((Var("x"), Var("y"))))            some x, y
    Expr(SomeIn(key, value, collection))        some k, v in xs (key None without one)
    Expr(Every(key, value, domain, body))       every k, v in xs { … }
    With(Ref(Var("input"), ()), Object(()))     with input as {}
    Package(("a", "b"))                         package a.b     without the leading `data`
    Import(Ref(Var("data"), (…,)), "bar")       import data.foo as bar (alias None without one)
    Rule(Head(…), body)                         see `Head` for the kinds; chained bodies are rules of their own
    Rule(head, body, otherwise=Rule(…))         … else := 2 if …  (the head of an else has the ref and args repeated)
    Rule(head, body, is_default=True)           default p := 1
    Module("a.rego", package, imports, rules)   a file

A head: `ref` is the name with its path, as written; exactly one of `value` and `key` says what the rule gives.

    p := 1 if …           Head(p, value=1)              complete
    p if …                Head(p, value=true)
    p contains x if …     Head(p, key=x)                partial set
    p[x] := y if …        Head(p[x], value=y)           partial object: a ref that is not ground
    p.q.r[x].s contains y Head(p.q.r[x].s, key=y)       a partial set below a partial object
    f(x) := y if …        Head(f, args=(x,), value=y)   function: any args (`f() := 1` is the complete rule `f`)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias


class Place(NamedTuple):
    """Where a node starts; rows and columns count from 1."""

    row: int
    column: int


NOWHERE: Final = Place(0, 0)

OPERATORS: Final = {
    "=": "eq",
    ":=": "assign",
    "==": "equal",
    "!=": "neq",
    "<": "lt",
    "<=": "lte",
    ">": "gt",
    ">=": "gte",
    "+": "plus",
    "-": "minus",
    "*": "mul",
    "/": "div",
    "%": "rem",
    "&": "and",
    "|": "or",
}
"""Operator to the builtin that it calls; `x in xs` calls `internal.member_2`, `k, v in xs` `internal.member_3`."""


@dataclass(frozen=True, slots=True)
class Null:
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Boolean:
    value: bool
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number:
    """`text` is JSON's way to write it, as in the source (`.5` becomes `0.5`)."""

    text: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def value(self) -> int | float | Decimal:
        """Exact: int when integral, float when it says the same as the text, else Decimal."""
        if self.text.lstrip("-").isdigit():
            return int(self.text)
        exact = Decimal(self.text)
        if exact == exact.to_integral_value():
            return int(exact)
        short = float(exact)
        return short if Decimal(repr(short)) == exact else exact


@dataclass(frozen=True, slots=True)
class String:
    value: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Var:
    name: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def is_wildcard(self) -> bool:
        """Whether it was written as `_`."""
        return self.name.startswith("$")

    @property
    def is_generated(self) -> bool:
        """Whether the checks made it (`__local3__`)."""
        return self.name.startswith("__local")


@dataclass(frozen=True, slots=True)
class Ref:
    head: Term
    path: tuple[Term, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def is_ground(self) -> bool:
        """Whether it starts at a variable and every step is a scalar."""
        return isinstance(self.head, Var) and all(isinstance(step, Scalar) for step in self.path)

    @property
    def dotted(self) -> str:
        """`a.b.c` for a ref of a variable and strings, as far as the first other step; "" for other heads."""
        if not isinstance(self.head, Var):
            return ""
        names = [self.head.name]
        for step in self.path:
            if not isinstance(step, String):
                break
            names.append(step.value)
        return ".".join(names)


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Term, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Object:
    pairs: tuple[tuple[Term, Term], ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Set:
    items: tuple[Term, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ArrayComprehension:
    head: Term
    body: Body
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SetComprehension:
    head: Term
    body: Body
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ObjectComprehension:
    key: Term
    value: Term
    body: Body
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    operator: Ref
    args: tuple[Term, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def name(self) -> str:
        """`count`, `time.clock`, `data.a.f`."""
        return self.operator.dotted


@dataclass(frozen=True, slots=True)
class Template:
    parts: tuple[String | Expr, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class With:
    target: Ref
    value: Term
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Some:
    variables: tuple[Var, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SomeIn:
    key: Term | None
    value: Term
    collection: Term
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Every:
    key: Var | None
    value: Var
    domain: Term
    body: Body
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Expr:
    """One expression of a body; `generated` if no one wrote it (the body of `p := 1`)."""

    what: Term | Some | SomeIn | Every
    negated: bool = False
    withs: tuple[With, ...] = ()
    generated: bool = field(default=False, compare=False)
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Package:
    path: tuple[str, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Import:
    path: Ref
    alias: str | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name under which the module knows it."""
        if self.alias is not None:
            return self.alias
        last = self.path.path[-1] if self.path.path else self.path.head
        return last.value if isinstance(last, String) else last.name if isinstance(last, Var) else ""


@dataclass(frozen=True, slots=True)
class Head:
    ref: Ref
    args: tuple[Term, ...] = ()
    key: Term | None = None
    value: Term | None = None
    assign: bool = field(default=False, compare=False)
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The first part of the ref."""
        return self.ref.head.name if isinstance(self.ref.head, Var) else ""


@dataclass(frozen=True, slots=True)
class Rule:
    head: Head
    body: Body
    is_default: bool = False
    otherwise: Rule | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def is_function(self) -> bool:
        return bool(self.head.args)

    def chain(self) -> Iterator[Rule]:
        """The rule and its else rules, in order."""
        link: Rule | None = self
        while link is not None:
            yield link
            link = link.otherwise


@dataclass(frozen=True, slots=True)
class Comment:
    """`text` is what follows the `#`."""

    text: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Module:
    file: str
    package: Package
    imports: tuple[Import, ...]
    rules: tuple[Rule, ...]
    comments: tuple[Comment, ...] = ()
    version: int = 1
    """0 for a module in Rego v0; 1 for Rego v1, also by `import rego.v1`."""


Body: TypeAlias = tuple[Expr, ...]
Comprehension: TypeAlias = ArrayComprehension | SetComprehension | ObjectComprehension
Scalar: Final = (Null, Boolean, Number, String)
"""For `isinstance`: the terms without parts and without variables."""
Term: TypeAlias = (
    Null | Boolean | Number | String | Var | Ref | Array | Object | Set | Comprehension | Call | Template
)
TRUE: Final = Boolean(True)
