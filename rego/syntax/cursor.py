"""Where the parser stands in the tokens of a module, and how it refuses what it finds there.

A token has a *shape*, which is what the grammar asks for: punctuation and keywords are their own text, everything else
is `name`, `number`, `string`, `template` or `eof`. Which names are keywords depends on the module (imports add some).
"""

from __future__ import annotations

from typing import Final

from policy_engine.rego.errors import Issue
from policy_engine.rego.syntax.tokens import KEYWORDS, Kind, Source, Token
from policy_engine.rego.syntax.tree import Place, Term

MAX_DEPTH: Final = 80
"""How deep terms and bodies may be nested: far beyond people's policies, far from Python's limit."""
FUTURE_KEYWORDS: Final = frozenset({"contains", "every", "if", "in"})
"""Keywords of Rego v1 that a module in v0 has to import."""
COMING_KEYWORDS: Final = frozenset({"and", "not", "or"})
"""Keywords that a module in Rego v1 may import from `future.keywords`; this engine does not have them yet."""

_SHAPES: Final = {
    Kind.NAME: "name",
    Kind.NUMBER: "number",
    Kind.STRING: "string",
    Kind.RAW_STRING: "string",
    Kind.TEMPLATE: "template",
    Kind.END: "eof",
}
_SPOKEN: Final = {
    "name": "identifier",
    "template": "template-string-part",
    "+": "plus",
    "-": "minus",
    "*": "mul",
    "/": "div",
    "%": "rem",
    "&": "and",
    "|": "or",
    "=": "eq",
    "==": "equal",
    ":=": "assign",
    "!=": "neq",
    ">": "gt",
    "<": "lt",
    ">=": "gte",
    "<=": "lte",
}
"""OPA's names of tokens in error messages, where they differ from the shape."""


class Refused(Exception):  # noqa: N818 - not an error when another reading is tried next
    """The text can't be read this way; caught where another way exists, else it is the answer."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue


class Cursor:
    """The tokens without comments, a position, and the names that are keywords here."""

    def __init__(self, source: Source, tokens: list[Token], version: int) -> None:
        self.source = source
        self.tokens = [token for token in tokens if token.kind is not Kind.COMMENT]
        self.index = 0
        self.version = version
        self.depth = 0
        self.keywords = set(KEYWORDS) if version else set(KEYWORDS - FUTURE_KEYWORDS)
        self.terms: dict[int, tuple[Term | Refused, int]] = {}
        """Terms that were read before, by the index of their first token: backtracking stays linear."""
        self.issues: list[Issue] = []
        """What is wrong and doesn't keep from reading on."""
        self._shapes: list[str] = []
        self._wildcards = 0
        self._name_shapes()

    def _name_shapes(self) -> None:
        self._shapes = [
            token.text
            if token.kind is Kind.PUNCTUATION or (token.kind is Kind.NAME and token.text in self.keywords)
            else _SHAPES[token.kind]
            for token in self.tokens
        ]

    def add_keywords(self, names: frozenset[str]) -> None:
        """Make names keywords from here on (an import was read)."""
        self.keywords |= names
        self._name_shapes()

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def shape(self) -> str:
        return self._shapes[self.index]

    @property
    def place(self) -> Place:
        token = self.tokens[self.index]
        return Place(token.row, token.column)

    @property
    def next_shape(self) -> str:
        """The shape of the token after this one."""
        return self._shapes[min(self.index + 1, len(self._shapes) - 1)]

    @property
    def is_keyword(self) -> bool:
        return self._shapes[self.index] in self.keywords

    def advance(self) -> Token:
        """Step over the current token and return it; the end of the text stays where it is."""
        token = self.tokens[self.index]
        if token.kind is not Kind.END:
            self.index += 1
        return token

    def take(self, shape: str) -> bool:
        """Step over the current token if it has this shape."""
        if self._shapes[self.index] != shape:
            return False
        self.advance()
        return True

    @property
    def is_spaced(self) -> bool:
        """Whether blank space or a comment stands before the current token."""
        return self.index > 0 and self.tokens[self.index - 1].end != self.tokens[self.index].start

    @property
    def on_new_line(self) -> bool:
        """Whether a line ends between the previous token and the current one."""
        if self.index == 0:
            return True
        return "\n" in self.source.text[self.tokens[self.index - 1].end : self.tokens[self.index].start]

    def keyword_starts_ref(self) -> bool:
        """Whether the current token is a keyword used as a name: `if.x`, `some[0]`."""
        if not self.is_keyword:
            return False
        return (
            self.next_shape in (".", "[") and self.tokens[self.index].end == self.tokens[self.index + 1].start
        )

    def name_the_keyword(self) -> bool:
        """Read a keyword that starts a ref as a name."""
        if not self.keyword_starts_ref():
            return False
        self.rename()
        return True

    def rename(self) -> None:
        """Read the current keyword as a name."""
        self._shapes[self.index] = "name"
        self.terms.pop(self.index, None)

    def wildcard(self) -> str:
        """A new name for `_`."""
        self._wildcards += 1
        return f"${self._wildcards - 1}"

    def enter(self) -> None:
        """One level deeper; `leave` comes back, or whoever catches a `Refused` restores `depth`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refusal(f"nested deeper than {MAX_DEPTH} levels")

    def leave(self) -> None:
        self.depth -= 1

    def report(self, message: str, place: Place) -> None:
        """Note an issue and read on."""
        self.issues.append(self._issue(message, place))

    def _issue(self, message: str, place: Place) -> Issue:
        line = self.source.line(place.row)
        return Issue("rego_parse_error", message, self.source.file, place.row, place.column, line)

    def refusal(self, message: str, place: Place | None = None) -> Refused:
        """The exception to raise at a place, or at the current token."""
        return Refused(self._issue(message, place or self.place))

    def unexpected(self, note: str = "") -> Refused:
        """The exception that refuses the current token, in OPA's words."""
        sort = "keyword" if self.is_keyword else "token"
        spoken = _SPOKEN.get(self.shape, self.shape)
        return self.refusal(f"unexpected {spoken} {sort}: {note}" if note else f"unexpected {spoken} {sort}")
