"""`sprintf`: the formatting language of Go's `fmt` package, over Rego values.

OPA hands Go an integer, a float, a string, or (for everything else) the value's Rego text. A verb that doesn't fit
its operand is no error in Go: it leaves a mark such as `%!d(string=hi)` in the text, and so it does here.
Source: the documentation of Go's package fmt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from policy_engine.rego.builtins.go_float import format_float
from policy_engine.rego.builtins.go_text import quote, rego_text, to_bytes
from policy_engine.rego.builtins.operands import array, string
from policy_engine.rego.builtins.registry import BuiltinLimit, builtin
from policy_engine.rego.value_model import number_text

_MAX_WIDTH: Final = 1_000_000
"""Go's own limit on widths and precisions."""

_MAX_OUTPUT: Final = 16_000_000
_INDEX: Final = re.compile(r"\[([0-9]+)\]")
_FLAGS: Final = "#0+- "


@dataclass(slots=True)
class _Directive:
    """One `%…` of a format, as far as it is read."""

    flags: str = ""
    width: int | None = None
    precision: int | None = None
    go_syntax: bool = False

    def has(self, flag: str) -> bool:
        return flag in self.flags

    def pad(self, text: str, *, zeros: bool = False) -> str:
        """`text` in the directive's width; zeros go between the sign and the digits."""
        if self.width is None or len(text) >= self.width:
            return text
        gap = self.width - len(text)
        if self.has("-"):
            return text + " " * gap
        if zeros and self.has("0"):
            return "0" * gap + text
        return " " * gap + text


class _Formatter:
    """Walks over a format and its operands."""

    def __init__(self, text: str, operands: list[Any]) -> None:
        self.text, self.operands = text, operands
        self.at = self.next = 0
        self.reordered = self.good_index = self.after_index = False
        self.parts: list[str] = []
        self.size = 0

    def run(self) -> str:
        while self.at < len(self.text):
            stop = self.text.find("%", self.at)
            stop = len(self.text) if stop < 0 else stop
            self.put(self.text[self.at : stop])
            self.at = stop + 1
            if stop < len(self.text):
                self.put(self.directive())
        if not self.reordered and self.next < len(self.operands):
            rest = ", ".join(f"{_kind(item)}={_shown(item)}" for item in self.operands[self.next :])
            self.put(f"%!(EXTRA {rest})")
        return "".join(self.parts)

    def put(self, text: str) -> None:
        self.size += len(text)
        if self.size > _MAX_OUTPUT:
            raise BuiltinLimit(f"the text would be longer than {_MAX_OUTPUT} characters")
        self.parts.append(text)

    def directive(self) -> str:
        found = _Directive()
        while self.at < len(self.text) and self.text[self.at] in _FLAGS:
            found.flags += self.text[self.at]
            self.at += 1
        self.good_index = True
        after_index = self.index()
        problem = self.read_width(found, after_index)
        self.read_precision(found)
        if not self.after_index:
            self.after_index = self.index()
        return problem + self.finish(found)

    def read_width(self, found: _Directive, after_index: bool) -> str:
        self.after_index = after_index
        if self.peek() == "*":
            self.at += 1
            width = self.integer_operand()
            if width is None:
                return "%!(BADWIDTH)"
            if width < 0:
                found.flags += "-"
            found.width = abs(width)
            self.after_index = False
        else:
            found.width = self.digits()
            if after_index and found.width is not None:
                self.good_index = False
        return ""

    def read_precision(self, found: _Directive) -> None:
        if self.peek() != "." or self.at + 1 > len(self.text):
            return
        self.at += 1
        if self.after_index:
            self.good_index = False
        self.after_index = self.index()
        if self.peek() == "*":
            self.at += 1
            precision = self.integer_operand()
            self.after_index = False
            if precision is None:
                self.put("%!(BADPREC)")
            else:
                found.precision = precision if precision >= 0 else None
        else:
            digits = self.digits()
            found.precision = 0 if digits is None else digits

    def finish(self, found: _Directive) -> str:
        if self.at >= len(self.text):
            return "%!(NOVERB)"
        verb = self.text[self.at]
        self.at += 1
        if verb == "%":
            return "%"
        if not self.good_index:
            return f"%!{verb}(BADINDEX)"
        if self.next >= len(self.operands):
            return f"%!{verb}(MISSING)"
        operand = self.operands[self.next]
        self.next += 1
        return _format(found, verb, operand)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def digits(self) -> int | None:
        start = self.at
        while self.at < len(self.text) and "0" <= self.text[self.at] <= "9":
            self.at += 1
        if start == self.at:
            return None
        value = int(self.text[start : self.at][:8])
        if value > _MAX_WIDTH:
            raise BuiltinLimit(f"a width or precision above {_MAX_WIDTH} is refused")
        return value

    def integer_operand(self) -> int | None:
        if self.next >= len(self.operands):
            return None
        operand = self.operands[self.next]
        self.next += 1
        return operand if type(operand) is int and abs(operand) <= _MAX_WIDTH else None

    def index(self) -> bool:
        """Read `[n]`, which names the next operand (from 1)."""
        if self.peek() != "[":
            return False
        self.reordered = True
        close = self.text.find("]", self.at)
        found = _INDEX.match(self.text, self.at)
        self.at = close + 1 if close >= 0 else self.at + 1
        number = int(found[1][:8]) if found and found.end() == self.at else 0
        if not 1 <= number <= len(self.operands):
            self.good_index = False
            return close >= 0
        self.next = number - 1
        return True


def _kind(value: Any) -> str:
    """The Go type that OPA gives the operand."""
    if type(value) is int:
        return "int64" if -(2**63) <= value < 2**63 else "*big.Int"
    if type(value) is float or (type(value) is Decimal and _as_float(value) is not None):
        return "float64"
    return "string"


def _as_float(value: Decimal) -> float | None:
    near = float(value)
    return None if near in (float("inf"), float("-inf")) else near


def _shown(value: Any) -> str:
    return _format(_Directive(), "v", value)


def _format(found: _Directive, verb: str, value: Any) -> str:
    if verb == "v":
        # `%#v` asks for Go syntax, and `%+v` for names of fields: neither is the flag of the same sign.
        found.go_syntax = found.has("#")
        found.flags = found.flags.replace("#", "").replace("+", "")
    if verb == "T":
        return found.pad(_kind(value))
    return _bad(found, verb, value) if verb == "p" else _formatted(found, verb, value)


def _formatted(found: _Directive, verb: str, value: Any) -> str:
    kind = _kind(value)
    if kind == "float64":
        return _format_float(found, verb, value)
    if kind != "string":
        return _format_integer(found, verb, value, big=kind == "*big.Int")
    if type(value) is str:
        return _format_string(found, verb, value)
    text = number_text(value) if type(value) is Decimal else rego_text(value)
    return _format_string(found, verb, text)


def _bad(found: _Directive, verb: str, value: Any) -> str:
    """The mark of a verb that doesn't fit; the value in it keeps the flags, width and precision."""
    return f"%!{verb}({_kind(value)}={_formatted(found, 'v', value)})"


def _format_string(found: _Directive, verb: str, text: str) -> str:
    if verb in "vs":
        if verb == "v" and found.go_syntax:
            cut = text if found.precision is None else text[: found.precision]
            return found.pad(_go_quoted(found, cut), zeros=True)
        return found.pad(text if found.precision is None else text[: found.precision], zeros=True)
    if verb == "q":
        return found.pad(
            _go_quoted(found, text if found.precision is None else text[: found.precision]), zeros=True
        )
    if verb in "xX":
        return _format_hex(found, verb, text)
    return _bad(found, verb, text)


def _go_quoted(found: _Directive, text: str) -> str:
    if (
        found.has("#")
        and "`" not in text
        and all(ch == "\t" or (ch >= " " and ch not in "\x7f\ufeff") for ch in text)
    ):
        return f"`{text}`"
    return quote(text, ascii_only=found.has("+"))


def _format_hex(found: _Directive, verb: str, text: str) -> str:
    data = to_bytes(text)
    if found.precision is not None:
        data = data[: found.precision]
    digits = [f"{byte:02x}" for byte in data]
    prefix = "0x" if found.has("#") else ""
    joined = (" " + prefix).join(digits) if found.has(" ") else "".join(digits)
    result = prefix + joined if digits else ""
    return found.pad(result.upper() if verb == "X" else result, zeros=True)


_BASES: Final = {"d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X", "v": "d"}
_PREFIXES: Final = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}


def _format_integer(found: _Directive, verb: str, value: int, *, big: bool) -> str:
    if verb in _BASES:
        return _digits_of(found, verb, value, big=big)
    if not big:
        if verb == "c":
            return found.pad(_character(value), zeros=True)
        if verb == "q":
            return found.pad(quote(_character(value), mark="'", ascii_only=found.has("+")), zeros=True)
        if verb == "U":
            return _code_point(found, value)
    if big and verb == "s":
        return _digits_of(found, "d", value, big=big)
    if big:
        return f"%!{verb}(big.Int={value})"
    return _bad(found, verb, value)


def _digits_of(found: _Directive, verb: str, value: int, *, big: bool) -> str:
    digits = format(abs(value), _BASES[verb])
    if found.precision is not None:
        if found.precision == 0 and value == 0:
            return found.pad("") if found.width is not None else ""
        digits = digits.rjust(found.precision, "0")
    prefix = ""
    if found.has("#") and verb in _PREFIXES and not (verb == "o" and digits.startswith("0")):
        prefix = _PREFIXES[verb]
    if verb == "O":
        prefix = "0o"
    sign = "-" if value < 0 else "+" if found.has("+") else " " if found.has(" ") else ""
    if found.has("0") and not found.has("-") and found.width is not None and found.precision is None:
        # Go counts the sign into the width, but not the prefix (big integers count both)
        room = found.width - len(sign) - (len(prefix) if big else 0)
        digits = digits.rjust(room, "0")
    return found.pad(sign + prefix + digits)


def _character(value: int) -> str:
    return chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF else "\ufffd"


def _code_point(found: _Directive, value: int) -> str:
    digits = format(value & (2**64 - 1), "X").rjust(max(4, found.precision or 0), "0")
    text = f"U+{digits}"
    if found.has("#") and 0 <= value <= 0x10FFFF and _character(value).isprintable():
        text += f" '{_character(value)}'"
    return found.pad(text)


def _format_float(found: _Directive, verb: str, value: Any) -> str:
    if verb not in "vbgGxXfFeE":
        return _bad(found, verb, value)
    text = format_float(float(value), verb, found.precision, sharp=found.has("#"))
    if not text.startswith("-") and (found.has("+") or found.has(" ")):
        text = ("+" if found.has("+") else " ") + text
    if found.has("0") and not found.has("-") and found.width is not None and text[0] in "+- ":
        return text[0] + text[1:].rjust(found.width - 1, "0")
    return found.pad(text, zeros=True)


@builtin("sprintf", arity=2)
def sprintf(text: Any, operands: Any) -> str:
    """`text` with its verbs replaced by the operands."""
    layout, values = string(text, 1), array(operands, 2)
    if layout == "%s" and len(values) == 1 and type(values[0]) is str:
        return values[0]
    return _Formatter(layout, values).run()
