"""Redirections, here-documents and `[[ … ]]`: the parts of the grammar with lexical rules of their own."""

from __future__ import annotations

import re

from policy_engine.parsers.shell.syntax import Cond, Lit, Redir, Word
from policy_engine.parsers.shell.word_parser import WordParser

_REDIRECTION = re.compile(
    r"([0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\})?(<<<|<<-|<<|<>|<&|>>|>&|>\||<(?!\()|>(?!\()|&>>|&>)"
)
_BARE = re.compile(r"[^ \t\n|&;()<>$`\\\"']+")
_TABS = re.compile(r"^\t+", re.MULTILINE)
_UNARY = re.compile(r"-[a-hknoprstuvwxzGLNORS](?=[ \t\n])")
_BINARY = re.compile(r"(?:==|!=|=~|=|-(?:eq|ne|lt|le|gt|ge|ef|nt|ot))(?=[ \t\n])|[<>](?!\()")
_END_TEST = re.compile(r"\]\](?=[ \t\n;|&()<>]|$)")


class RedirectionParser(WordParser):
    """Redirections and what depends on them: here-documents start at the next newline."""

    def newlines(self) -> str:
        """Skip blanks, comments and newlines (reading here-documents); return the next character."""
        while self.blanks() == "\n":
            newline = self.i
            self.i += 1
            if self.pending:
                self.here_documents(newline)
        return self.text[self.i] if self.i < self.n else ""

    def bare_word(self, what: str) -> str:
        """A word without any quoting."""
        match = _BARE.match(self.text, self.i)
        if not match:
            self.fail(f"{what} must follow")
        self.i = match.end()
        if self.text[self.i : self.i + 1] not in ("", " ", "\t", "\n", ";", "&", "|", "(", ")", "<", ">"):
            self.fail(f"{what} must be plain text")
        return match.group()

    def bare_next(self, word: str) -> bool:
        """Tell whether `word` stands here on its own."""
        end = self.i + len(word)
        return self.text.startswith(word, self.i) and (end >= self.n or self.text[end] in " \t\n;|&()<>")

    # -- redirections ------------------------------------------------------------------------------------------

    def redirections(self) -> list[Redir]:
        """The redirections after a compound command."""
        found: list[Redir] = []
        while True:
            c = self.blanks()
            if not c or not (c in "<>{0123456789" or (c == "&" and self.text.startswith("&>", self.i))):
                return found
            redirection = self.redirection()
            if redirection is None:
                return found
            found.append(redirection)

    def redirection_here(self) -> Redir:
        """The redirection that must stand here."""
        found = self.redirection()
        if found is None:
            self.fail(self.unexpected())
        return found

    def redirection(self) -> Redir | None:
        """A redirection, if one starts here."""
        text, start = self.text, self.i
        match = _REDIRECTION.match(text, start)
        if not match:
            return None
        descriptor, op = match.groups()
        if op.startswith("&") and not self.bash:
            self.bash_only(f"`{op}`")
        self.i = match.end()
        self.no_continuation("<>&|-(")
        fd: int | str | None = None
        if descriptor:
            if descriptor[0] == "{":
                self.bash_only("`{name}>`", start)
                fd = descriptor[1:-1]
            elif op.startswith("&"):
                self.i = start  # `1&>x` is the word `1` followed by `&>x`
                return None
            else:
                fd = int(descriptor[:6])
        found = Redir(op, fd, self.at(start), 0)
        self.blanks()
        if op in ("<<", "<<-"):
            self.here_document_start(found)
        else:
            if op == "<<<":
                self.bash_only("`<<<`", start)
            if _REDIRECTION.match(self.text, self.i):
                self.fail("a redirection where the file of another one must follow")
            found.target = self.word()
            if op == ">&" and not self.bash and not _descriptor(found.target):
                self.bash_only("`>&` with a file", start)
        found.end = self.at(self.i)
        return found

    def here_document_start(self, found: Redir) -> None:
        """The delimiter after `<<`."""
        start = self.i
        word = self.word()
        if not all(isinstance(part, Lit) for part in word.parts) or "$" in self.text[start : self.i]:
            self.fail("the delimiter of a here-document must be plain text", start)
        delimiter = "".join(part.text for part in word.parts if isinstance(part, Lit))
        if "\n" in delimiter or "`" in delimiter:
            self.fail("the delimiter of a here-document must be one line of plain text", start)
        quoted = any(isinstance(part, Lit) and part.quoted for part in word.parts)
        found.start = start
        self.pending.append((found, delimiter, quoted))

    def here_documents(self, newline: int) -> None:
        """Read the texts of all pending here-documents; the position is after the newline."""
        pending, self.pending = self.pending, []
        for found, delimiter, quoted in pending:
            if self.base is None and self.text.find("\n", found.start, newline) >= 0:
                self.fail("a newline between `<<` and the here-document: start it on one line", found.start)
            self.here_document(found, delimiter, quoted)

    def here_document(self, found: Redir, delimiter: str, quoted: bool) -> None:
        """Read one here-document up to its delimiter."""
        text, start = self.text, self.i
        tabs = found.op == "<<-"
        i = start
        while True:
            if i > self.n or (i == self.n and delimiter):
                self.fail(f"the here-document has no closing line `{delimiter}`", found.start)
            end, line = self._logical_line(i, quoted)
            if (line.lstrip("\t") if tabs else line) == delimiter:
                break
            i = end + 1
        if quoted:
            body = text[start:i]
            found.body = (Lit(_TABS.sub("", body) if tabs else body, True),)
        else:
            self.i = start
            self.enter()
            found.body = tuple(self.quoted_run("", i))
            self.depth -= 1
            if self.i != i:
                self.fail("an expansion in a here-document runs past its end", found.start)
        self.i = min(end + 1, self.n)

    def _logical_line(self, i: int, quoted: bool) -> tuple[int, str]:
        """The line at `i` and its end; without quotes, `\\⏎` joins lines before the delimiter is looked for."""
        text, pieces = self.text, []
        while True:
            end = text.find("\n", i)
            end = self.n if end < 0 else end
            line = text[i:end]
            if (
                quoted
                or not line.endswith("\\")
                or (len(line) - len(line.rstrip("\\"))) % 2 == 0
                or end == self.n
            ):
                pieces.append(line)
                return end, "".join(pieces)
            pieces.append(line[:-1])
            i = end + 1

    # -- [[ … ]] -----------------------------------------------------------------------------------------------

    def conditional(self, start: int) -> Cond:
        """After `[[`, up to and with `]]`."""
        found = Cond([], [], self.at(start), 0)
        self.test_or(found)
        self.newlines()
        if not _END_TEST.match(self.text, self.i):
            self.fail("`[[` is not closed by `]]`, or a test in it is not supported")
        self.i += 2
        found.end = self.at(self.i)
        return found

    def test_or(self, found: Cond) -> None:
        """Tests joined by `&&` and `||`."""
        while True:
            self.newlines()
            self.test(found)
            self.newlines()
            if not (self.operator("&&") or self.operator("||")):
                return

    def test(self, found: Cond) -> None:
        """One test, possibly negated or in parentheses."""
        c = self.newlines()
        while c == "!" and self.bare_next("!"):
            self.i += 1
            c = self.newlines()
        if c == "(":
            self.enter()
            self.i += 1
            self.test_or(found)
            if self.newlines() != ")":
                self.fail("a `(` in `[[` is not closed")
            self.i += 1
            self.depth -= 1
            return
        if _END_TEST.match(self.text, self.i):
            self.fail("a test is missing in `[[`")
        self.count()
        match = _UNARY.match(self.text, self.i)
        if match:
            self.i = match.end()
            self.blanks()
            if _END_TEST.match(self.text, self.i):
                self.fail(f"`{match.group()}` needs a word")
            found.tests.append((match.group(), [self.word()]))
            return
        left = self.word()
        self.blanks()
        match = _BINARY.match(self.text, self.i)
        if not match:
            found.tests.append(("", [left]))
            return
        self.i = match.end()
        self.blanks()
        if match.group() == "=~":
            position = self.i
            right = Word(self.parts(regex=True), self.at(position), self.at(self.i))
            if self.i == position:
                self.fail(self.unexpected())
        else:
            if _END_TEST.match(self.text, self.i):
                self.fail(f"`{match.group()}` needs a word")
            right = self.word()
        found.tests.append((match.group(), [left, right]))


def _descriptor(word: Word) -> bool:
    return word.plain is not None and (word.plain.isdigit() or word.plain == "-")
