"""The grammar of bash 5.2 that can be decided statically, as a recursive descent without backtracking.

`parse(text)` returns the whole tree or raises `ShellSyntaxError`; there are no partial trees, because `bash -c`
runs the lines before a syntax error. Every character is looked at a constant number of times. Positions of
errors are characters from 0.
"""

from __future__ import annotations

import re

from policy_engine.parsers.shell.redirections import RedirectionParser
from policy_engine.parsers.shell.syntax import (
    AndOr,
    Arith,
    ArithCommand,
    ArithFor,
    Assign,
    Case,
    Command,
    Coproc,
    For,
    Function,
    Group,
    If,
    Lit,
    Loop,
    Part,
    Pipeline,
    Redir,
    Seq,
    Simple,
    Word,
)

_RESERVED = re.compile(
    r"(?:if|then|elif|else|fi|for|while|until|do|done|case|esac|select|function|time|coproc|\{|\}|!|\[\[)(?=[ \t\n;|&()<>]|$)"
)
RESERVED = frozenset(
    [
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "for",
        "while",
        "until",
        "do",
        "done",
        "case",
        "esac",
        "select",
        "function",
        "time",
        "coproc",
        "{",
        "}",
        "!",
        "[[",
        "]]",
    ]
)
_CLOSERS = frozenset(["then", "elif", "else", "fi", "do", "done", "esac", "}"])
_COMPOUND = frozenset(["if", "for", "while", "until", "case", "select", "{", "[["])
_BASH_ONLY = frozenset(["select", "function", "coproc", "[["])
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=|\[)")
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:+@/-]*")
_COPROC_NAME = re.compile(
    r"([A-Za-z_][A-Za-z0-9_]*)[ \t]+(?=\(|(?:\{|\[\[|if|for|while|until|case|select)(?:[ \t\n(;&|<>]|$))"
)
_DECLARATIONS = frozenset(["declare", "typeset", "local", "export", "readonly"])
_ENDS = frozenset(["", "\n", ";", "&", "|", ")"])


class Parser(RedirectionParser):
    """The grammar proper: lists, pipelines, compound and simple commands."""

    # -- lists -------------------------------------------------------------------------------------------------

    def program(self) -> Seq:
        """The whole text."""
        found = self.sequence()
        if self.i < self.n:
            word = self.reserved()
            self.fail(f"unexpected `{word}`" if word else self.unexpected())
        if self.pending:
            self.fail("a here-document has no text: its line is the last one")
        return found

    def nested(self, text: str, position: int) -> Seq:
        """Parse the text of backticks: positions inside are reported as that of the backtick."""
        inner = Parser(text, bash=self.bash, depth=self.depth, base=self.at(position))
        inner.commands = self.commands
        found = inner.program()
        self.commands = inner.commands
        return found

    def sequence(self) -> Seq:
        """Commands up to a closing word, `)`, `;;` or the end."""
        items: list[tuple[Command, bool]] = []
        text = self.text
        c = self.newlines()
        while c and c != ")":
            if c == ";" and text.startswith((";;", ";&"), self.i):
                break
            if self.reserved() in _CLOSERS:
                break
            node = self.and_or()
            c = self.blanks()
            if c == "&":
                self.i += 1
                self.no_continuation("&>")
                items.append((node, True))
            else:
                items.append((node, False))
                if c == ";" and not text.startswith((";;", ";&"), self.i):
                    self.i += 1
                    self.no_continuation(";&")
                elif c != "\n":
                    break
            c = self.newlines()
        return Seq(items)

    def body(self, what: str) -> Seq:
        """A list that must not be empty."""
        found = self.sequence()
        if not found.items:
            self.fail(f"{what} is empty: {self.unexpected()}")
        return found

    def reserved(self) -> str | None:
        """Return the reserved word that starts here, without consuming it."""
        match = _RESERVED.match(self.text, self.i)
        return match.group() if match else None

    def expect(self, word: str, opened: str) -> None:
        """Consume the reserved word that must stand here."""
        self.blanks()
        if self.reserved() != word:
            self.fail(f"`{opened}` needs `{word}` here")
        self.i += len(word)

    def and_or(self) -> Command:
        """Pipelines joined by `&&` and `||`."""
        first = self.pipeline()
        rest: list[Command] = []
        while True:
            c = self.blanks()
            if not ((c == "&" or c == "|") and self.operator(c + c)):
                return AndOr(first, rest) if rest else first
            self.newlines()
            rest.append(self.pipeline())

    def pipeline(self) -> Command:
        """`[!] [time] command | command …`."""
        self.blanks()
        word = self.reserved()
        while word == "!" or (word == "time" and self.bash):
            self.i += len(word)
            c = self.blanks()
            if word == "time":
                match = re.compile(r"-p(?=[ \t\n])[ \t]*").match(self.text, self.i)
                self.i = match.end() if match else self.i
                c = self.blanks()
            if c in _ENDS:
                self.fail(f"`{word}` needs a command")
            word = self.reserved()
        first = self.command()
        commands: list[Command] = [first]
        while self.blanks() == "|" and not self.text.startswith("||", self.i):
            self.i += 1
            if self.operator("&"):
                self.bash_only("`|&`")
            self.no_continuation("|&")
            self.newlines()
            commands.append(self.command())
        return first if len(commands) == 1 else Pipeline(commands)

    # -- commands ----------------------------------------------------------------------------------------------

    def command(self) -> Command:
        """One command, simple or compound."""
        c = self.blanks()
        self.count()
        if c == "(":
            return self.parenthesis()
        word = self.reserved()
        if word is None or (word == "time" and not self.bash):
            return self.simple()
        if word in _CLOSERS or word in ("!", "time"):
            self.fail(f"unexpected `{word}`")
        if word in _BASH_ONLY:
            self.bash_only(f"`{word}`")
        self.enter()
        start = self.i
        self.i += len(word)
        found = self.compound(word, start)
        self.depth -= 1
        return found

    def compound(self, word: str, start: int) -> Command:
        """The compound command whose reserved word was just consumed."""
        if word == "{":
            body = self.body("`{`")
            self.expect("}", "{")
            return Group(body, False, self.redirections())
        if word == "if":
            return self.if_command()
        if word in ("while", "until"):
            condition = self.body(f"the condition of `{word}`")
            return Loop(condition, self.do_body(word), self.redirections())
        if word in ("for", "select"):
            return self.for_command(word, start)
        if word == "case":
            return self.case_command()
        if word == "[[":
            found = self.conditional(start)
            found.redirs = self.redirections()
            return found
        if word == "function":
            return self.function_command(start)
        return self.coproc()

    def parenthesis(self) -> Command:
        """`( … )` or `(( … ))`."""
        start = self.i
        self.enter()
        self.i += 1
        self.no_continuation("(")
        if self.text.startswith("(", self.i):
            self.bash_only("`((`", start)
            self.i += 1
            arith = self.arithmetic("))", start)
            self.depth -= 1
            return ArithCommand(arith, self.redirections(), self.at(start), self.at(self.i))
        body = self.body("`( )`")
        if not self.operator(")"):
            self.fail("a `(` is not closed" if self.i >= self.n else self.unexpected())
        self.depth -= 1
        return Group(body, True, self.redirections())

    def if_command(self) -> If:
        """After `if`."""
        branches: list[tuple[Seq, Seq]] = []
        otherwise = None
        while True:
            condition = self.body("the condition of `if`")
            self.expect("then", "if")
            branches.append((condition, self.body("`then`")))
            word = self.reserved()
            if word == "elif":
                self.i += 4
                continue
            if word == "else":
                self.i += 4
                otherwise = self.body("`else`")
            self.expect("fi", "if")
            return If(branches, otherwise, self.redirections())

    def do_body(self, opened: str) -> Seq:
        """`do … done`."""
        self.expect("do", opened)
        body = self.body("`do`")
        self.expect("done", opened)
        return body

    def for_command(self, word: str, start: int) -> Command:
        """After `for` or `select`."""
        self.blanks()
        if word == "for" and self.text.startswith("((", self.i):
            return self.arithmetic_for(start)
        name = self.bare_word("a variable name")
        if not name.isidentifier() or not name.isascii():
            self.fail(f"`{word}` needs a variable name, not `{name}`")
        c = self.newlines() if self.blanks() == "\n" else self.blanks()
        words: list[Word] | None = None
        if self.bare_next("in"):
            self.i += 2
            words = []
            while self.blanks() not in _ENDS:
                words.append(self.word())
            c = self.blanks()
            if c not in (";", "\n"):
                self.fail("the words of a loop must end with `;` or a newline")
        if c == ";":
            self.i += 1
        self.newlines()
        return For(name, words, self.loop_body(word), self.redirections())

    def loop_body(self, word: str) -> Seq:
        """`do … done`, or the undocumented `{ … }`."""
        if self.reserved() != "{":
            return self.do_body(word)
        self.bash_only("a loop body in braces")
        self.i += 1
        body = self.body("a loop body")
        self.expect("}", "{")
        return body

    def arithmetic_for(self, start: int) -> ArithFor:
        """`for (( a; b; c ))`: the three parts are kept as one list of arithmetic."""
        self.bash_only("`for ((`", start)
        self.i += 2
        whole = self.arithmetic("))", start)
        head: list[list[Part]] = [[]]
        for part in whole.parts:
            if isinstance(part, Lit):
                first, *more = part.text.split(";")
                head[-1].append(Lit(first, True))
                head.extend([Lit(piece, True)] for piece in more)
            else:
                head[-1].append(part)
        if len(head) != 3:
            self.fail("`for ((` needs three expressions", start)
        c = self.blanks()
        if c == ";":
            self.i += 1
        self.newlines()
        body = self.loop_body("for")
        parts = [Arith(tuple(piece), whole.start, whole.end) for piece in head]
        return ArithFor(parts, body, self.redirections())

    def case_command(self) -> Case:
        """After `case`."""
        self.blanks()
        subject = self.word()
        self.newlines()
        if not self.bare_next("in"):
            self.fail("`case` needs `in` here")
        self.i += 2
        items: list[tuple[list[Word], Seq]] = []
        c = self.newlines()
        while self.reserved() != "esac":
            if c == "(":
                self.i += 1
                self.blanks()
            patterns = [self.word()]
            while self.blanks() == "|":
                self.i += 1
                self.blanks()
                patterns.append(self.word())
            if not self.operator(")"):
                self.fail("a `case` pattern must end with `)`")
            body = self.sequence()
            items.append((patterns, body))
            if self.text.startswith((";;&", ";&"), self.i):
                self.bash_only("`;&`")
            if not (self.operator(";;&") or self.operator(";;") or self.operator(";&")):
                break
            self.no_continuation("&")
            c = self.newlines()
        self.expect("esac", "case")
        return Case(subject, items, self.redirections())

    def function_command(self, start: int) -> Function:
        """After `function`."""
        self.blanks()
        match = _FUNCTION_NAME.match(self.text, self.i)
        if not match:
            self.fail("`function` needs a plain name")
        self.i = match.end()
        if self.blanks() == "(":
            self.i += 1
            if self.blanks() != ")":
                self.fail("the parentheses of a function must be empty")
            self.i += 1
        elif self.i == match.end() and self.i < self.n and self.text[self.i] != "\n":
            self.fail("`function` needs a plain name")
        return self.function_body(match.group(), start)

    def function_body(self, name: str, start: int) -> Function:
        """The compound command that is a function's body."""
        self.newlines()
        self.blanks()
        if name in RESERVED:
            self.fail(f"`{name}` can't name a function", start)
        if not self.text.startswith("(", self.i) and self.reserved() not in _COMPOUND:
            self.fail("a function's body must be a compound command such as `{ …; }`")
        body = self.command()
        return Function(name, body, self.at(start), self.at(self.i))

    def coproc(self) -> Coproc:
        """After `coproc`."""
        self.blanks()
        match = _COPROC_NAME.match(self.text, self.i)
        if match and match.group(1) not in RESERVED:
            self.i = match.end()
        return Coproc(self.command())

    # -- simple commands ---------------------------------------------------------------------------------------

    def simple(self) -> Command:
        """Assignments, words and redirections; or a function definition `name () …`."""
        start = self.i
        found = Simple([], [], [], self.at(start))
        declares = False
        while True:
            c = self.blanks()
            if c in _ENDS:
                if c == "&" and self.text.startswith("&>", self.i):
                    found.redirs.append(self.redirection_here())
                    continue
                break
            if c in "<>{0123456789":
                redirection = self.redirection()
                if redirection is not None:
                    found.redirs.append(redirection)
                    continue
            if c == "(":
                return self.simple_function(found, start)
            if not found.words or declares:
                assignment = self.assignment(argument=bool(found.words))
                if assignment is not None:
                    (found.words if found.words else found.assigns).append(assignment)
                    continue
            word = self.word()
            if not found.words:
                declares = word.plain in _DECLARATIONS
                self.check_first(word, found)
            found.words.append(word)
        if self.i == start:
            self.fail(self.unexpected())
        found.end = self.at(self.i)
        return found

    def check_first(self, word: Word, found: Simple) -> None:
        """A word that is reserved once continuations are removed was not read as such: refuse it."""
        if all(isinstance(part, Lit) and not part.quoted for part in word.parts):
            value = "".join(part.text for part in word.parts if isinstance(part, Lit))
            if value == "time" and not self.bash:
                return
            if (value in RESERVED or value == "in") and not found.assigns and not found.redirs:
                self.fail(f"unexpected `{value}`", word.start)

    def simple_function(self, found: Simple, start: int) -> Function:
        """A `(` after the first word."""
        name = found.words[0] if len(found.words) == 1 and not found.assigns and not found.redirs else None
        if not isinstance(name, Word) or name.plain is None or not _FUNCTION_NAME.fullmatch(name.plain):
            self.fail("unexpected `(`")
        self.i += 1
        if self.blanks() != ")":
            self.fail("unexpected `(`: extended patterns and calls are not supported")
        self.i += 1
        self.enter()
        function = self.function_body(name.plain, start)
        self.depth -= 1
        return function

    def assignment(self, *, argument: bool) -> Assign | None:
        """An assignment, if one starts here. As an argument only the array form `name=(…)` is special."""
        text, start = self.text, self.i
        match = _ASSIGNMENT.match(text, start)
        if not match:
            return None
        name, operator = match.groups()
        subscript = None
        if argument:
            if operator == "[" or not text.startswith("(", match.end()):
                return None
        elif operator == "[":
            self.bash_only("an array")
            self.i = match.end() - 1
            subscript = self.subscript()
            operator = "+=" if text.startswith("+=", self.i) else "="
            if not text.startswith(operator, self.i):
                self.fail("a word like `name[…]` that is no assignment: quote it", start)
            self.i += len(operator)
        if operator == "+=":
            self.bash_only("`+=`")
        if subscript is None:
            self.i = match.end()
        found = Assign(name, operator == "+=", self.at(start), 0, subscript=subscript)
        if text.startswith("(", self.i):
            self.bash_only("an array")
            found.items = self.array()
        else:
            value_start = self.i
            found.value = Word(self.parts(), self.at(value_start), self.at(self.i))
        found.end = self.at(self.i)
        return found

    def array(self) -> tuple[tuple[Arith | None, Word], ...]:
        """`( … )` of an array assignment."""
        items: list[tuple[Arith | None, Word]] = []
        opened = self.i
        self.i += 1
        while True:
            c = self.newlines()
            if not c:
                self.fail("the `(` of an array is not closed", opened)
            if c == ")":
                self.i += 1
                return tuple(items)
            subscript = None
            if c == "[":
                subscript = self.subscript()
                if not (self.operator("+=") or self.operator("=")):
                    self.fail("a pattern in brackets inside an array: quote it")
                items.append((subscript, Word(self.parts(), self.i, self.i)))
            else:
                items.append((None, self.word()))


def parse(text: str, *, bash: bool = True, depth: int = 0) -> tuple[Seq, int]:
    """Return the tree of `text` and its number of commands; raises `ShellSyntaxError` or `RecursionError`."""
    parser = Parser(text, bash=bash, depth=depth)
    return parser.program(), parser.commands


__all__ = ["Parser", "Redir", "parse"]
