"""Walks the syntax tree in execution order and opens an operation for everything that can run.

Both sides of every branch count. A function's body is reported where the function is defined, as children of the
definition. Variables are followed only through straight-line code; branches keep what both sides agree on, loops
and functions start from nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from policy_engine.documents.action import Redirection
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Effect, ShellFlag
from policy_engine.parsers.shell import arithmetic, opened_files
from policy_engine.parsers.shell.expand import NUMBER, Arg, Unknown, expand_single
from policy_engine.parsers.shell.grammar import parse
from policy_engine.parsers.shell.guards import (
    MAX_COMMANDS,
    MAX_INLINE,
    MAX_INLINE_CHARACTERS,
    ShellSyntaxError,
)
from policy_engine.parsers.shell.run import Runner
from policy_engine.parsers.shell.sensitive import is_integer, is_sensitive
from policy_engine.parsers.shell.state import Draft, State
from policy_engine.parsers.shell.syntax import (
    AndOr,
    Arith,
    ArithCommand,
    ArithFor,
    Assign,
    Case,
    Command,
    Cond,
    Coproc,
    For,
    Function,
    Group,
    If,
    Lit,
    Loop,
    Part,
    Pipeline,
    Proc,
    Redir,
    Seq,
    Simple,
    Sub,
    Var,
    Word,
)

_NUMERIC_TESTS = frozenset(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"])
_MOVES = re.compile(r"cd|pushd|popd|eval|\.|source")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ARITHMETIC = ProblemCode.UNKNOWN_TEXT


class Walker:
    """One walk over one text; `runner` knows programs, this class knows the language."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.runner = Runner(state, self)
        self.moves = bool(_MOVES.search(state.text))

    # -- texts -------------------------------------------------------------------------------------------------

    def nested(
        self,
        text: str,
        draft: Draft,
        *,
        bash: bool,
        wrapper: str,
        user: str | None = None,
        same: bool = False,
    ) -> None:
        """Parse and walk shell text that `draft` runs. `same` means in the current shell (eval)."""
        state = self.state
        draft.flags.add(ShellFlag.INLINE_CODE)
        saved = state.text, state.bash, state.origin, state.outer_span, state.values, state.directories
        state.depth += 1
        try:
            if state.depth > MAX_INLINE:
                raise ShellSyntaxError(
                    "inline texts are nested too deeply: write a script", 0, ProblemCode.TOO_DEEP
                )
            state.inline += len(text)
            if state.inline > MAX_INLINE_CHARACTERS:
                raise ShellSyntaxError(
                    "inline texts are too long together: write a script", 0, ProblemCode.TOO_LARGE
                )
            problem = "\x01" in text or "\x7f" in text or "\0" in text
            if problem:
                raise ShellSyntaxError("inline text with control characters: write it plainly", 0)
            tree, count = parse(text, bash=bash, depth=state.depth)
            state.commands += count
            if state.commands > MAX_COMMANDS:
                raise ShellSyntaxError(
                    "more commands in inline texts than the limit", 0, ProblemCode.TOO_MANY
                )
            state.outer_span = draft.span
            state.origin = draft.span[0]
            state.text, state.bash = text, bash
            if not same:
                state.values = {"IFS": " \t\n"}
            with state.inside(draft.index, wrapper=wrapper, user=user):
                self.seq(tree)
        except ShellSyntaxError as error:
            if error.code is ProblemCode.TOO_MANY:
                raise
            draft.flags.add(ShellFlag.PARSE_ERROR)
            state.opaque(
                draft, error.code, f"the text that `{wrapper}` runs is not understood: {error.message}"
            )
        finally:
            values, directories = state.values, state.directories
            state.text, state.bash, state.origin, state.outer_span, state.values, state.directories = saved
            if same:
                state.values, state.directories = values, directories
            state.depth -= 1

    # -- lists -------------------------------------------------------------------------------------------------

    def seq(self, seq: Seq) -> None:
        """Commands one after the other; each may fail."""
        state = self.state
        for command, background in seq.items:
            if background:
                first = len(state.drafts)
                with state.subshell():
                    self.command(command)
                for draft in state.drafts[first:]:
                    draft.flags.add(ShellFlag.BACKGROUND)
                continue
            before = state.directories
            self.command(command)
            if before != state.directories:
                state.merge_directories(before)

    def command(self, node: Command) -> None:
        """Walk any command."""
        if isinstance(node, Simple):
            self.simple(node)
        else:
            getattr(self, "walk_" + type(node).__name__.lower())(node)

    def walk_andor(self, node: AndOr) -> None:
        """What follows `&&` or `||` may not run."""
        state = self.state
        self.command(node.first)
        for command in node.rest:
            values = dict(state.values)
            self.command(command)
            state.merge_values(values)

    def walk_pipeline(self, node: Pipeline) -> None:
        """Every stage is a process of its own."""
        state = self.state
        fetched = False
        for index, command in enumerate(node.commands):
            first = len(state.drafts)
            with state.subshell():
                self.runner.piped = index > 0
                self.command(command)
            self.runner.piped = False
            stage = state.drafts[first:]
            for draft in stage:
                if fetched and draft.runs_stdin:
                    draft.flags.add(ShellFlag.DOWNLOADS_AND_EXECUTES)
            fetched = fetched or any(draft.fetches for draft in stage)

    def walk_group(self, node: Group) -> None:
        """`{ }` and `( )`."""
        self.compound_redirections(node.redirs)
        if node.subshell:
            with self.state.subshell():
                self.seq(node.body)
        else:
            self.seq(node.body)

    def branch(self, bodies: Iterable[Seq]) -> None:
        """Walk alternatives; afterwards only what all agree on is known."""
        state = self.state
        values, directories = dict(state.values), state.directories
        kept, places = dict(values), directories
        for body in bodies:
            state.values, state.directories = dict(values), directories
            self.seq(body)
            state.merge_values(kept)
            kept = state.values
            state.merge_directories(places)
            places = state.directories
        state.values, state.directories = kept, places

    def walk_if(self, node: If) -> None:
        """`if`."""
        self.compound_redirections(node.redirs)
        for condition, body in node.branches:
            self.seq(condition)
            self.branch([body])
        if node.otherwise is not None:
            self.branch([node.otherwise])

    def loop_start(self) -> None:
        """A loop's body may run after itself: nothing that it could change is known."""
        self.state.forget()
        if self.moves and None not in self.state.directories:
            self.state.directories = (*self.state.directories, None)

    def walk_loop(self, node: Loop) -> None:
        """`while` and `until`."""
        self.compound_redirections(node.redirs)
        self.loop_start()
        self.seq(node.condition)
        self.seq(node.body)
        self.state.forget()

    def walk_for(self, node: For) -> None:
        """`for` and `select`."""
        self.compound_redirections(node.redirs)
        if node.words:
            self.words_only(node.words)
        if is_sensitive(node.name) or is_integer(node.name):
            self.sensitive_loop(node)
        words = [field for word in node.words or () for field in self.state.words(word)]
        numeric = bool(words) and all(isinstance(word, str) and arithmetic.is_number(word) for word in words)
        self.loop_start()
        if numeric and node.name not in self.state.tainted and self.state.tracking:
            self.state.values[node.name] = NUMBER
        self.seq(node.body)
        self.state.forget()

    def sensitive_loop(self, node: For) -> None:
        """A loop over a variable such as PATH."""
        draft = self.state.draft("assign", 0, 0)
        self.sensitive(draft, node.name)

    def words_only(self, words: Iterable[Word]) -> None:
        """Words of a loop or `case`: only what they run matters."""
        for word in words:
            if word.plain is None:
                self.visit(word.parts, None)

    def walk_arithfor(self, node: ArithFor) -> None:
        """`for ((…))`: the counter is a number as long as the body leaves it one."""
        state = self.state
        self.compound_redirections(node.redirs)
        draft = state.draft("exec", node.head[0].start, node.head[0].end)
        draft.argv, draft.effects = ("((", None, "))"), {Effect.SESSION}
        index = draft.index
        self.arith(node.head[0], draft, index)
        numbers = {name: value for name, value in state.values.items() if arithmetic.is_number(value)}
        assigned = _assigned(node.head)
        self.loop_start()
        state.values = {name: NUMBER for name in numbers if name in assigned}
        self.arith(node.head[1], draft, index)
        self.seq(node.body)
        self.arith(node.head[2], draft, index)
        self.arith(node.head[1], draft, index)
        state.forget()

    def walk_case(self, node: Case) -> None:
        """`case`."""
        self.compound_redirections(node.redirs)
        self.words_only([node.word])
        for patterns, _ in node.items:
            self.words_only(patterns)
        self.branch(body for _, body in node.items)

    def walk_function(self, node: Function) -> None:
        """A definition; its body is reported here."""
        state = self.state
        draft = state.draft("define", node.start, node.end)
        draft.argv, draft.effects = (node.name,), {Effect.SESSION}
        state.functions.add(node.name)
        values, directories = state.values, state.directories
        state.forget()
        if self.moves:
            state.directories = (*directories, None)
        with state.inside(draft.index):
            self.command(node.body)
        state.values, state.directories = values, directories

    def walk_coproc(self, node: Coproc) -> None:
        """A background process with pipes."""
        first = len(self.state.drafts)
        with self.state.subshell():
            self.command(node.body)
        for draft in self.state.drafts[first:]:
            draft.flags.add(ShellFlag.BACKGROUND)

    def walk_cond(self, node: Cond) -> None:
        """`[[ … ]]`."""
        state = self.state
        draft = state.draft("exec", node.start, node.end)
        index = draft.index
        argv: list[str | None] = ["[["]
        for operator, words in node.tests:
            values = [expand_single(word.parts, state.values, state.text) for word in words]
            for word in words:
                self.visit(word.parts, index)
            shown = [value if isinstance(value, str) else None for value in values]
            argv += [operator, *shown] if operator and len(words) == 1 else [shown[0]]
            if len(words) == 2:
                argv += [operator, shown[1]]
            if operator in _NUMERIC_TESTS:
                for word in words:
                    self.numeric_word(word, draft)
            if operator in ("-v", "-R") and not (isinstance(values[0], str) and _NAME.fullmatch(values[0])):
                state.opaque(
                    draft, _ARITHMETIC, f"`[[ {operator}` on something that is no plain name may run code"
                )
        draft.argv, draft.effects = (*argv, "]]"), {Effect.READ}
        self.redirections(node.redirs, draft)

    def numeric_word(self, word: Word, draft: Draft) -> None:
        """An operand of `-eq` and the like is arithmetic."""
        message = arithmetic.problem_of(Arith(word.parts, word.start, word.end), self.state.values)
        if message:
            self.state.opaque(draft, _ARITHMETIC, message)

    def walk_arithcommand(self, node: ArithCommand) -> None:
        """`(( … ))`."""
        state = self.state
        draft = state.draft("exec", node.start, node.end)
        literal = all(isinstance(part, Lit) for part in node.arith.parts)
        text = "".join(part.text for part in node.arith.parts if isinstance(part, Lit)) if literal else None
        draft.argv, draft.effects = ("((", text, "))"), {Effect.SESSION}
        self.arith(node.arith, draft, draft.index)
        self.redirections(node.redirs, draft)

    # -- simple commands ---------------------------------------------------------------------------------------

    def simple(self, node: Simple) -> None:
        """Assignments, a command, or only redirections."""
        state = self.state
        args: list[Arg] = []
        declared: list[Assign] = []
        for item in node.words:
            if isinstance(item, Assign):
                declared.append(item)
                args.append(Unknown(prefix=item.name + "=", shown=item.name + "=(…)"))
            else:
                args.extend(state.words(item))
        if not args:
            self.without_command(node)
            return
        draft = state.draft("exec", node.start, node.end)
        index = draft.index
        draft.argv = tuple([arg if isinstance(arg, str) else None for arg in args])
        for item in node.words:
            if isinstance(item, Assign):
                self.assignment_parts(item, draft, index)
            elif item.plain is None:
                self.visit(item.parts, index)
        for assign in node.assigns:
            self.prefix(assign, draft, index)
        stdin = self.redirections(node.redirs, draft) if node.redirs else None
        self.runner.run(args, draft, stdin)

    def without_command(self, node: Simple) -> None:
        """`a=b`, `> file`, or words that vanish."""
        state = self.state
        draft = state.draft(
            "assign" if node.assigns else "redirect" if node.redirs else "assign", node.start, node.end
        )
        index = draft.index
        draft.effects.add(Effect.SESSION)
        for item in node.words:
            if isinstance(item, Word):
                self.visit(item.parts, index)
        for assign in node.assigns:
            self.assign(assign, draft, index)
        self.redirections(node.redirs, draft)

    def prefix(self, assign: Assign, draft: Draft, index: int) -> None:
        """`name=value` before a command: part of its environment."""
        value = self.assignment_parts(assign, draft, index)
        draft.env[assign.name] = value if isinstance(value, str) else None
        self.state.values.pop(assign.name, None)
        self.sensitive(draft, assign.name, value)

    def assign(self, assign: Assign, draft: Draft, index: int) -> None:
        """`name=value` on its own."""
        value = self.assignment_parts(assign, draft, index)
        draft.env[assign.name] = value if isinstance(value, str) else None
        if self.sensitive(draft, assign.name, value):
            return
        if assign.items is not None or assign.subscript is not None:
            self.state.arrays.add(assign.name)
        if assign.items is None and assign.subscript is None:
            self.state.set_value(assign.name, value, append=assign.append)
            if (
                (
                    isinstance(value, Unknown)
                    and not assign.append
                    and assign.value
                    and _is_arithmetic(assign.value)
                )
                and assign.name not in self.state.tainted
                and self.state.tracking
            ):
                self.state.values[assign.name] = NUMBER
        else:
            self.state.values.pop(assign.name, None)

    def assignment_parts(self, assign: Assign, draft: Draft, index: int) -> Arg:
        """Visit what an assignment runs; return its value."""
        state = self.state
        value: Arg = Unknown()
        if assign.subscript is not None:
            self.arith(assign.subscript, draft, index)
        if assign.value is not None:
            if assign.subscript is None:
                value = expand_single(assign.value.parts, state.values, state.text)
            self.visit(assign.value.parts, index)
        for subscript, word in assign.items or ():
            if subscript is not None:
                self.arith(subscript, draft, index)
            self.visit(word.parts, index)
        return value

    def sensitive(self, draft: Draft, name: str, value: Arg | None = None) -> bool:
        """Mark an assignment that changes what later commands run, or whose value is evaluated as arithmetic."""
        if is_integer(name) and not (isinstance(value, str) and arithmetic.is_number(value)):
            self.state.opaque(
                draft,
                _ARITHMETIC,
                f"what is assigned to `{name}` is evaluated, which may run code: use a number",
            )
        if not is_sensitive(name):
            return False
        draft.flags.add(ShellFlag.SENSITIVE_ASSIGNMENT)
        self.state.forget()
        self.state.opaque(
            draft,
            ProblemCode.UNSUPPORTED,
            f"`{name}` changes what programs run or how text is read: don't assign it here",
        )
        return True

    # -- redirections ------------------------------------------------------------------------------------------

    def compound_redirections(self, redirs: list[Redir]) -> None:
        """Redirections of a compound command are an operation of their own, before its body."""
        if redirs:
            draft = self.state.draft("redirect", redirs[0].start, redirs[-1].end)
            self.redirections(redirs, draft)

    def redirections(self, redirs: list[Redir], draft: Draft) -> Arg | None:
        """Report redirections; return the text on standard input when a here-document or -string gives it."""
        stdin: Arg | None = None
        index = draft.index
        for redir in redirs:
            if redir.body is not None:
                self.visit(redir.body, index)
                text = expand_single(redir.body, self.state.values, self.state.text)
            elif redir.op == "<<<" and redir.target is not None:
                self.visit(redir.target.parts, index)
                text = expand_single(redir.target.parts, self.state.values, self.state.text)
            else:
                given = opened_files.open_file(self, redir, draft, index)
                stdin = stdin if given is None else given
                continue
            fd = redir.fd if isinstance(redir.fd, int) else 0 if redir.fd is None else None
            draft.redirections.append(Redirection(fd=fd, mode=opened_files.MODES[redir.op], path=None))
            if redir.fd in (None, 0):
                stdin = text
        return stdin

    # -- parts -------------------------------------------------------------------------------------------------

    def visit(self, parts: Iterable[Part], parent: int | None) -> None:
        """Walk what an expansion runs, as children of `parent`."""
        state = self.state
        for part in parts:
            if isinstance(part, Lit):
                continue
            if isinstance(part, Sub | Proc):
                self.substitution(part, parent)
                continue
            draft = state.drafts[parent] if parent is not None else None
            if isinstance(part, Arith):
                self.arith(part, draft, parent)
            else:
                self.variable(part, draft, parent)

    def substitution(self, part: Sub | Proc, parent: int | None) -> None:
        """A command or process substitution."""
        state = self.state
        if parent is not None:
            state.drafts[parent].flags.add(ShellFlag.SUBSTITUTION)
        first = len(state.drafts)
        piped, self.runner.piped = self.runner.piped, False
        with state.subshell(), state.inside(parent if parent is not None else state.parent):
            self.seq(part.body)
        self.runner.piped = piped
        if parent is None:
            for draft in state.drafts[first:]:
                draft.flags.add(ShellFlag.SUBSTITUTION)

    def variable(self, part: Var, draft: Draft | None, parent: int | None) -> None:
        """A parameter expansion: its words run, and some operators run the value."""
        state = self.state
        message = None
        if part.op == "indirect":
            message = "`${!…}` names a variable that isn't known: write the variable itself"
        elif part.op == "prompt":
            message = "`${…@P}` runs what the value holds: don't use it"
        if message:
            state.opaque(draft or self.anonymous(part), _ARITHMETIC, message)
        if part.subscript is not None:
            whole = "".join(inner.text for inner in part.subscript.parts if isinstance(inner, Lit))
            if whole not in ("@", "*"):
                self.arith(part.subscript, draft or self.anonymous(part), parent)
        if part.arith is not None:
            text = _slices(part.arith)
            self.arith(text, draft or self.anonymous(part), parent)
        if part.op.endswith("=") and part.op in ("=", ":="):
            state.values.pop(part.name, None)
            if is_sensitive(part.name) or is_integer(part.name):
                self.sensitive(draft or self.anonymous(part), part.name)
        self.visit(part.parts, parent)

    def anonymous(self, part: Var | Arith) -> Draft:
        """An operation for an expansion that belongs to no command (the words of a loop)."""
        draft = self.state.draft("assign", part.start, part.start + 1)
        draft.effects.add(Effect.SESSION)
        return draft

    def arith(self, arith: Arith, draft: Draft | None, parent: int | None) -> None:
        """Arithmetic: what it runs, and whether it is understood."""
        self.visit((part for part in arith.parts if not isinstance(part, Arith)), parent)
        for part in arith.parts:
            if isinstance(part, Arith):
                self.visit((inner for inner in part.parts if not isinstance(inner, Lit)), parent)
        message = arithmetic.problem_of(arith, self.state.values)
        if message:
            self.state.opaque(draft or self.anonymous(arith), _ARITHMETIC, message)


def _assigned(head: list[Arith]) -> set[str]:
    return {
        name
        for arith in head
        for part in arith.parts
        if isinstance(part, Lit)
        for name in _NAME.findall(part.text)
    }


def _slices(arith: Arith) -> Arith:
    """`offset:length` are two expressions; a comma keeps them apart for the check."""
    parts = tuple(
        Lit(part.text.replace(":", ","), True) if isinstance(part, Lit) else part for part in arith.parts
    )
    return Arith(parts, arith.start, arith.end)


def _is_arithmetic(word: Word) -> bool:
    return len(word.parts) == 1 and isinstance(word.parts[0], Arith)
