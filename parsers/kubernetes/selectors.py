"""Field and label selectors, as far as RequestInfo depends on them.

RequestInfo takes an object's name from `fieldSelector=metadata.name=x`, but only when every list option decodes;
so both selector grammars must be judged valid or not exactly as `k8s.io/apimachinery` judges them
(`pkg/fields/selector.go`, `pkg/labels/selector.go`).
"""

from __future__ import annotations

import re

_FIELD_OPERATORS = ("!=", "==", "=")
_LABEL_OPERATORS = frozenset(("=", "==", "!=", ">", "<", "!", "(", ")", ","))
_SPECIAL = frozenset("=!(),><")
_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z")
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_MAX_INT64 = 2**63


class InvalidSelectorError(ValueError):
    """The API server's own parser would refuse the selector."""


def exact_field(selector: str, field: str) -> str | None:
    """Return the value that `selector` requires `field` to equal, or None. Raises `InvalidSelectorError`."""
    wanted: str | None = None
    for term in _field_terms(selector):
        if not term:
            continue
        key, operator, value = _field_term(term)
        plain = _unescape_field(value)
        if wanted is None and key == field and operator != "!=":
            wanted = plain
    return wanted


def _field_terms(selector: str) -> list[str]:
    if "\\" not in selector:
        return selector.split(",")
    terms, start, escaped = [], 0, False
    for index, character in enumerate(selector):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ",":
            terms.append(selector[start:index])
            start = index + 1
    terms.append(selector[start:])
    return terms


def _field_term(term: str) -> tuple[str, str, str]:
    for index in range(len(term)):
        for operator in _FIELD_OPERATORS:
            if term.startswith(operator, index):
                return term[:index], operator, term[index + len(operator) :]
    raise InvalidSelectorError(term)


def _unescape_field(value: str) -> str:
    plain, escaped = [], False
    for character in value:
        if escaped:
            if character not in "\\,=":
                raise InvalidSelectorError(value)
            plain.append(character)
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in ",=":
            raise InvalidSelectorError(value)
        else:
            plain.append(character)
    if escaped:
        raise InvalidSelectorError(value)
    return "".join(plain)


def is_valid_label_selector(selector: str) -> bool:
    """True when the API server would accept `selector`; the empty selector is valid."""
    try:
        _LabelParser(_label_tokens(selector)).parse()
    except InvalidSelectorError:
        return False
    return True


def is_int64(text: str) -> bool:
    """True when Go's `strconv.ParseInt(text, 10, 64)` accepts `text`."""
    return len(text) <= 64 and bool(_INTEGER.match(text)) and -_MAX_INT64 <= int(text) < _MAX_INT64


def _label_tokens(selector: str) -> list[str]:
    tokens: list[str] = []
    index, end = 0, len(selector)
    while index < end:
        character = selector[index]
        if character in " \t\r\n":
            index += 1
        elif character in _SPECIAL:
            stop = index + 2 if selector[index : index + 2] in _LABEL_OPERATORS else index + 1
            tokens.append(selector[index:stop])
            index = stop
        else:
            stop = index
            while stop < end and selector[stop] not in _SPECIAL and selector[stop] not in " \t\r\n":
                stop += 1
            tokens.append(selector[index:stop])
            index = stop
    return tokens


class _LabelParser:
    """The grammar `[!]key | key op value | key [not]in (v, …)`, joined by commas."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0

    def parse(self) -> None:
        if not self.tokens:
            return
        while True:
            self._requirement()
            following = self._next()
            if following == "":
                return
            if following != "," or self._peek() in ("", ","):
                raise InvalidSelectorError(following)

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self.position += 1
        return token

    def _requirement(self) -> None:
        token = self._next()
        negated = token == "!"  # noqa: S105 - a token of the grammar
        key = self._next() if negated else token
        _check_key(key)
        if negated or self._peek() in ("", ","):
            return
        operator = self._next()
        if operator in ("in", "notin"):
            self._value_list()
        elif operator in (">", "<"):
            if not is_int64(self._next()):
                raise InvalidSelectorError(operator)
        elif operator in ("=", "==", "!="):
            _check_value("" if self._peek() in ("", ",") else self._next())
        else:
            raise InvalidSelectorError(operator)

    def _value_list(self) -> None:
        if self._next() != "(":
            raise InvalidSelectorError("(")
        while True:
            token = self._next()
            if token == ")":  # noqa: S105
                return
            if token == ",":  # noqa: S105
                continue
            if token == "":
                raise InvalidSelectorError(")")
            _check_value(token)
            if self._peek() not in (",", ")"):
                raise InvalidSelectorError(token)


def _check_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    if slash and (not prefix or len(prefix) > 253 or not _PREFIX.match(prefix)):
        raise InvalidSelectorError(key)
    if len(name) > 63 or not _NAME.match(name):
        raise InvalidSelectorError(key)


def _check_value(value: str) -> None:
    if value and (len(value) > 63 or not _NAME.match(value)):
        raise InvalidSelectorError(value)
