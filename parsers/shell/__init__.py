"""Shell command lines -> action document.

`parse_shell` reports every command that a text can run, with its argument list, in execution order; commands inside
substitutions, wrappers and inline texts follow the one that runs them. What isn't certain makes the action opaque;
what isn't understood refuses the whole text. The way of a text: `guards` -> `grammar` (tree) -> `walk` (operations)
-> `run` (facts from `programs.toml` and `wrappers.toml`).
"""

from __future__ import annotations

from policy_engine.documents.action import Action, make_action, refused_action
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Protocol, ShellFlag
from policy_engine.parsers.shell.grammar import parse
from policy_engine.parsers.shell.guards import ShellSyntaxError, check_text, place
from policy_engine.parsers.shell.state import State
from policy_engine.parsers.shell.walk import Walker

DIALECTS = ("bash", "sh")


def parse_shell(
    text: str, *, dialect: str = "bash", cwd: str | None = None, user: str | None = None
) -> Action:
    """Return the action of a shell `text` as `bash -c` or `sh -c` would run it. Never raises for any text.

    `cwd` is the absolute directory it runs in and `user` the user it runs as, when the caller knows them: relative
    paths are then reported absolute. A text that isn't fully understood has one operation `other`, the flag
    `parse_error` and a problem with line and column.
    """
    problem = check_text(text)
    if problem is None and dialect not in DIALECTS:
        problem = Problem(
            code=ProblemCode.UNKNOWN_DIALECT,
            message=f"no parser for the shell dialect `{str(dialect)[:40]}`: use {' or '.join(DIALECTS)}",
        )
    if problem is not None:
        return _refused(text, dialect, problem)
    state = State(text, bash=dialect == "bash", cwd=cwd, user=user)
    try:
        tree, state.commands = parse(text, bash=state.bash)
        Walker(state).seq(tree)
        if state.drafts:
            operations = [draft.done() for draft in state.drafts]
            return make_action(Protocol.SHELL, dialect, text, operations, tuple(state.problems))
    except ShellSyntaxError as error:
        line, column = place(text, error.position)
        found = Problem(code=error.code, message=error.message, line=line, column=column)
        return _refused(text, dialect, found)
    except (RecursionError, MemoryError):
        return _refused(
            text,
            dialect,
            Problem(code=ProblemCode.TOO_DEEP, message="the text is nested too deeply: split it"),
        )
    except Exception as error:  # a defect of ours must not become an answer
        return _refused(
            text,
            dialect,
            Problem(
                code=ProblemCode.PARSER_FAILED,
                message=f"the shell parser failed ({type(error).__name__}); please report the text",
            ),
        )
    return _refused(
        text,
        dialect,
        Problem(code=ProblemCode.EMPTY, message="the text holds no command: nothing would run"),
    )


def _refused(text: object, dialect: object, problem: Problem) -> Action:
    """The opaque action of a text that isn't understood."""
    plain = text if isinstance(text, str) else ""
    name = dialect if isinstance(dialect, str) else "unknown"
    flags = (
        () if problem.code in (ProblemCode.EMPTY, ProblemCode.UNKNOWN_DIALECT) else (ShellFlag.PARSE_ERROR,)
    )
    return refused_action(Protocol.SHELL, name, plain, problem, flags=flags)


__all__ = ["DIALECTS", "parse_shell"]
