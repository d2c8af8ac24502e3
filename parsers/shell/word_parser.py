"""Words: quotes, escapes, parameter expansions, substitutions and arithmetic, kept as parts.

Nothing is evaluated here. What bash would read in a way that depends on options or on its version (extglob,
`${ cmd;}`, `$[ ]`) is refused.
"""

from __future__ import annotations

import re

from policy_engine.parsers.shell.ansi_c import decode
from policy_engine.parsers.shell.reader import Reader
from policy_engine.parsers.shell.syntax import Arith, Lit, Part, Proc, Seq, Sub, Var, Word

DELIMITERS = " \t\n|&;()<>"
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=^\-]+")
_UNQUOTED = re.compile(r"[^ \t\n|&;()<>$`\\\"']+")
_REGEX_TEXT = re.compile(r"[^ \t\n&;<>$`\\\"'()]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_PATTERN_OPERATORS = re.compile(r"##?|%%?|//?|\^\^?|,,?|~~?")
_ARITHMETIC_TEXT = re.compile(r"[^$`\"'\\()\[\]{}]+")
_RUN = {
    '"': re.compile(r"[^\"$`\\]+"),  # inside double quotes
    "": re.compile(r"[^$`\\]+"),  # a here-document
    "}": re.compile(r"[^}$`\\\"'<>]+"),  # inside ${…}
}


class WordParser(Reader):
    """Parses words; the grammar provides `sequence` for what stands inside substitutions."""

    def sequence(self) -> Seq:
        """Parse a list of commands up to a closing token."""
        raise NotImplementedError

    def nested(self, text: str, position: int) -> Seq:
        """Parse the text of a backtick substitution."""
        raise NotImplementedError

    def word(self) -> Word:
        """Parse the word that starts here; it must not be empty."""
        text, start = self.text, self.i
        match = _PLAIN.match(text, start)
        if match:
            end = match.end()
            if end == self.n or text[end] in " \t\n;|&()":
                self.i = end
                plain = match.group()
                return Word((Lit(plain, False),), start, end, plain if "=" not in plain else None)
        parts = self.parts()
        if not parts and self.i == start:
            self.fail(self.unexpected())
        return Word(parts, start, self.i)

    def unexpected(self) -> str:
        """Name what stands here."""
        if self.i >= self.n:
            return "the text ends where a command or word must follow"
        shown = self.text[self.i]
        return f"unexpected `{'newline' if shown == chr(10) else shown}`"

    def parts(self, *, regex: bool = False) -> tuple[Part, ...]:
        """Parse the parts of a word up to an unquoted delimiter. In a regex of `[[`, `(`, `)` and `|` belong to it."""
        text, n = self.text, self.n
        found: list[Part] = []
        level = 0
        run = _REGEX_TEXT if regex else _UNQUOTED
        while self.i < n:
            i = self.i
            match = run.match(text, i)
            if match:
                found.append(Lit(match.group(), False))
                self.i = match.end()
                continue
            c = text[i]
            if c == "'":
                found.append(self.single_quoted())
            elif c == '"':
                self.i += 1
                found.extend(self.double_quoted())
            elif c == "$":
                found.append(self.dollar(False))
            elif c == "`":
                found.append(self.backtick(False))
            elif c == "\\":
                if not text.startswith("\\\n", i):
                    found.append(self.escaped())
                else:
                    self.i += 2
            elif c in "<>" and text.startswith("(", i + 1) and not regex:
                found.append(self.process())
            elif regex and (c in "()" or (level and c in " \t<>&;")):
                level += (c == "(") - (c == ")")
                if level < 0:
                    break
                found.append(Lit(c, False))
                self.i += 1
            else:
                break
        if level > 0:
            self.fail("a `(` of a regular expression is not closed")
        return tuple(found)

    def escaped(self) -> Lit:
        """`\\x` outside quotes."""
        if self.i + 1 >= self.n:
            self.fail("a backslash at the end of the text")
        self.i += 2
        return Lit(self.text[self.i - 1], True)

    def single_quoted(self) -> Lit:
        """`'…'`."""
        end = self.text.find("'", self.i + 1)
        if end < 0:
            self.fail("a single quote is not closed")
        part = Lit(self.text[self.i + 1 : end], True)
        self.i = end + 1
        return part

    def double_quoted(self) -> list[Part]:
        """The parts up to the closing double quote, which is consumed."""
        opened = self.i - 1
        found = self.quoted_run('"')
        if self.i >= self.n:
            self.fail("a double quote is not closed", opened)
        self.i += 1
        return found or [Lit("", True)]

    def quoted_run(self, close: str, end: int | None = None) -> list[Part]:
        """Parse like double quotes up to `close` or `end` (here-documents: close is empty, `"` is ordinary)."""
        text = self.text
        limit = self.n if end is None else end
        run = _RUN[close]
        escapes = '$`"\\' if close else "$`\\"
        found: list[Part] = []
        while self.i < limit:
            i = self.i
            match = run.match(text, i, limit)
            if match:
                found.append(Lit(match.group(), True))
                self.i = match.end()
                continue
            c = text[i]
            if c == close:
                break
            if c == "$":
                found.append(self.dollar(True))
            elif c == "`":
                found.append(self.backtick(True))
            elif text.startswith("\\\n", i):
                self.i += 2
            elif i + 1 < self.n and text[i + 1] in escapes:
                found.append(Lit(text[i + 1], True))
                self.i += 2
            else:
                found.append(Lit("\\", True))
                self.i += 1
        return found

    def dollar(self, quoted: bool) -> Part:
        """What starts with `$`."""
        text, start = self.text, self.i
        i = start + 1
        while text.startswith("\\\n", i):
            i += 2
        c = text[i] if i < self.n else ""
        if c == "(":
            after = i + 1
            while text.startswith("\\\n", after):
                after += 2
            self.i = after
            if text.startswith("(", after):
                self.i += 1
                return self.arithmetic("))", start)
            return self.command_substitution(quoted, start)
        if c == "{":
            self.i = i + 1
            return self.parameter(quoted, start)
        if c == "[":
            self.fail("`$[…]` is obsolete arithmetic: write `$((…))`", start)
        match = _PARAMETER.match(text, i)
        if match:
            name = match.group()
            if name.isdigit():
                name = name[0]
            self.i = i + len(name)
            if text.startswith("\\\n", self.i) and name[0] not in "@*#?$!-0123456789":
                self.fail("a line continuation right after a parameter: write it as `${…}`")
            return Var(name, quoted, self.at(start))
        if not quoted and c == "'":
            self.bash_only("`$'…'`", start)
            value, self.i = decode(text, i + 1)
            if self.i < 0:
                self.i = start
                self.fail("the quote of a `$'…'` is not closed, or an escape in it is not supported")
            return Lit(value, True)
        if not quoted and c == '"':
            self.bash_only('`$"…"`', start)
            self.i = i + 1
            inside = self.double_quoted()
            if len(inside) == 1:
                return inside[0]
            return Var("$", True, self.at(start), op="locale", parts=tuple(inside))
        self.i = start + 1
        return Lit("$", True)

    def command_substitution(self, quoted: bool, start: int) -> Sub:
        """`$(…)`; the position is after the parenthesis."""
        self.enter()
        outer, self.pending = self.pending, []
        body = self.sequence()
        if not self.text.startswith(")", self.i):
            self.fail("a `$(` is not closed" if self.i >= self.n else self.unexpected())
        if self.pending:
            self.fail("a here-document starts in a substitution that ends on the same line")
        self.i += 1
        self.pending = outer
        self.depth -= 1
        return Sub(body, quoted, self.at(start), self.at(self.i))

    def process(self) -> Proc:
        """`<(…)` and `>(…)`."""
        start = self.i
        self.bash_only("process substitution", start)
        self.i += 2
        inside = self.command_substitution(False, start)
        return Proc(inside.body, inside.start, inside.end)

    def backtick(self, quoted: bool) -> Sub:
        """`` `…` ``: its text is unescaped once and parsed on its own."""
        text, start = self.text, self.i
        i = start + 1
        pieces: list[str] = []
        while i < self.n and text[i] != "`":
            if text[i] == "\\" and i + 1 < self.n:
                if quoted and text[i + 1] == '"':
                    self.fail('`\\"` inside backticks inside quotes: write `$(…)`', i)
                if text[i + 1] not in "$`\\":
                    pieces.append("\\")
                pieces.append(text[i + 1])
                i += 2
            else:
                pieces.append(text[i])
                i += 1
        if i >= self.n:
            self.fail("a backtick is not closed", start)
        self.enter()
        body = self.nested("".join(pieces), start)
        self.depth -= 1
        self.i = i + 1
        return Sub(body, quoted, self.at(start), self.at(self.i))

    def parameter(self, quoted: bool, start: int) -> Part:
        """`${…}`; the position is after the brace."""
        self.enter()
        text = self.text
        found = self._parameter(quoted, start)
        if not text.startswith("}", self.i):
            self.fail("a `${` is not closed, or its form is not supported", start)
        self.i += 1
        self.depth -= 1
        return found

    def _parameter(self, quoted: bool, start: int) -> Var:
        text = self.text
        position = self.at(start)
        prefix = text[self.i : self.i + 1]
        if prefix in "#!" and prefix and not text.startswith("}", self.i + 1):
            match = _PARAMETER.match(text, self.i + 1)
            if not match:
                self.fail("a form of `${…}` that is not supported", start)
            self.i = match.end()
            name = match.group()
            subscript = self.subscript() if text.startswith("[", self.i) else None
            if prefix == "#":
                return Var(name, quoted, position, op="length", subscript=subscript)
            self.bash_only("`${!…}`", start)
            whole = subscript is not None and _is_whole(subscript)
            if whole:
                return Var(name, quoted, position, op="keys")
            if text.startswith(("@}", "*}"), self.i) and subscript is None:
                self.i += 1
                return Var(name, quoted, position, op="keys")
            parts = self.braced_word(quoted, True) if not text.startswith("}", self.i) else []
            return Var(name, quoted, position, op="indirect", subscript=subscript, parts=tuple(parts))
        match = _PARAMETER.match(text, self.i)
        if not match:
            self.fail("a form of `${…}` that is not supported: a name must follow the brace", start)
        self.i = match.end()
        name = match.group()
        subscript = None
        if text.startswith("[", self.i):
            self.bash_only("an array", start)
            subscript = self.subscript()
        if text.startswith("}", self.i):
            return Var(name, quoted, position, subscript=subscript)
        return self._operator(Var(name, quoted, position, subscript=subscript), start)

    def _operator(self, var: Var, start: int) -> Var:
        text = self.text
        colon = text.startswith(":", self.i)
        c = text[self.i + colon : self.i + colon + 1]
        if c and c in "-=?+":
            self.i += 1 + colon
            var.op = ":" + c if colon else c
            var.parts = tuple(self.braced_word(var.quoted, False))
            return var
        self.bash_only(f"`${{{var.name}{c}…}}`", start) if c not in ("#", "%") or colon else None
        if colon:
            self.i += 1
            var.op = "slice"
            var.arith = self.arithmetic("}", self.i)
            self.i -= 1
            return var
        if c == "@":
            letter = text[self.i + 1 : self.i + 2]
            if not letter or letter not in "QUuLEAaKkP":
                self.fail("an unknown operator after `@` in `${…}`", start)
            self.i += 2
            var.op = "prompt" if letter == "P" else "transform"
            return var
        match = _PATTERN_OPERATORS.match(text, self.i)
        if not match:
            self.fail("a form of `${…}` that is not supported", start)
        self.i = match.end()
        var.op = match.group()
        var.parts = tuple(self.braced_word(var.quoted, True))
        return var

    def braced_word(self, quoted: bool, pattern: bool) -> list[Part]:
        """The word after an operator of `${…}`, up to the first unquoted `}`.

        Single quotes quote inside a pattern, or when the whole expansion is unquoted.
        """
        text = self.text
        run = _RUN["}"]
        found: list[Part] = []
        while self.i < self.n:
            match = run.match(text, self.i)
            if match:
                found.append(Lit(match.group(), quoted))
                self.i = match.end()
                continue
            c = text[self.i]
            if c == "}":
                break
            if c == "$":
                found.append(self.dollar(quoted))
            elif c == "`":
                found.append(self.backtick(quoted))
            elif c == '"':
                self.i += 1
                found.extend(self.double_quoted())
            elif c == "'" and (pattern or not quoted):
                found.append(self.single_quoted())
            elif c == "\\":
                if text.startswith("\\\n", self.i):
                    self.i += 2
                else:
                    found.append(self.escaped())
            elif c in "<>" and not quoted and text.startswith("(", self.i + 1):
                self.fail("a process substitution inside `${…}`: assign it to a variable first")
            else:
                found.append(Lit(c, True))
                self.i += 1
        return found

    def subscript(self) -> Arith:
        """`[…]`; the position is at the bracket."""
        self.i += 1
        return self.arithmetic("]", self.i - 1)

    def arithmetic(self, close: str, start: int) -> Arith:
        """Arithmetic text up to `close`, which is consumed. Parentheses and brackets must pair up.

        `$((` always means arithmetic here: where bash would try a subshell instead, the text is refused.
        """
        text = self.text
        found: list[Part] = []
        stack: list[str] = []
        self.enter()
        while True:
            match = _ARITHMETIC_TEXT.match(text, self.i)
            if match:
                found.append(Lit(match.group(), True))
                self.i = match.end()
            if self.i >= self.n:
                self.fail("arithmetic or a subscript is not closed", start)
            c = text[self.i]
            if not stack and c == close[0]:
                if not text.startswith(close, self.i):
                    self.fail(
                        "neither arithmetic nor clearly a subshell: put a blank between the parentheses"
                    )
                self.i += len(close)
                self.depth -= 1
                return Arith(tuple(found), self.at(start), self.at(self.i), close == "))")
            if c == "$":
                found.append(self.dollar(True))
                continue
            if c == "`":
                found.append(self.backtick(True))
                continue
            if c == '"':
                self.i += 1
                found.extend(self.double_quoted())
                continue
            if text.startswith("\\\n", self.i):
                self.i += 2
                continue
            if c in "([":
                stack.append(")" if c == "(" else "]")
            elif c in ")]":
                if not stack or stack.pop() != c:
                    self.fail("unbalanced parentheses or brackets in arithmetic")
            else:
                self.fail(f"`{c}` in arithmetic or a subscript")
            found.append(Lit(c, True))
            self.i += 1


def _is_whole(subscript: Arith) -> bool:
    """Tell whether a subscript is `@` or `*`."""
    return (
        len(subscript.parts) == 1 and isinstance(subscript.parts[0], Lit) and subscript.parts[0].text in "@*"
    )


def name_at(text: str, position: int) -> str | None:
    """Return the shell name that starts at `position`, if any."""
    match = _NAME.match(text, position)
    return match.group() if match else None
