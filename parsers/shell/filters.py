"""Programs that filter text with a script or pattern of their own: sed, awk, grep, jq, yq."""

# ruff: noqa: ARG001 - every handler has the same signature, so that a table can hold them
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import ShellFlag
from policy_engine.parsers.shell import sed_script
from policy_engine.parsers.shell.expand import Arg, Unknown
from policy_engine.parsers.shell.programs import Entry, operand_roles, read_arguments
from policy_engine.parsers.shell.state import Draft

if TYPE_CHECKING:
    from policy_engine.parsers.shell.run import Runner

_AWK_RISKS = re.compile(r"system|getline|\||@|ARGV|ENVIRON|close|fflush|include|load|function\s+\w*\s*\(.*@")


_AWK_STATEMENTS = re.compile(r"[;}\n]")


def sed(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """sed: the script may run commands and write files."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    scripts = [arg for role, arg in reading.values if role == "pattern"]
    operands = list(reading.operands)
    if "pattern" not in reading.switches and operands:
        scripts.append(operands.pop(0))
    for role, arg in reading.values:
        if role != "pattern":
            runner.role(role, arg, entry, name, draft)
    for script in scripts:
        if isinstance(script, Unknown):
            runner.unknown_text(
                draft, script, "the script given to `sed` isn't known: write it literally", inline=False
            )
        elif not sed_script.is_plain(script):
            runner.unknown_text(
                draft,
                None,
                "the script given to `sed` may run commands or touch files (e, r, w): leave these out",
                inline=False,
            )
    in_place = "in_place" in reading.switches
    for operand in operands:
        runner.role("write" if in_place else "read", operand, entry, name, draft)


def awk(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """awk: any program is inline code; one that only filters and prints is understood enough."""
    draft.flags.add(ShellFlag.INLINE_CODE)
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    operands = list(reading.operands)
    programs = [arg for role, arg in reading.values if role == "pattern"]
    for role, arg in reading.values:
        if role != "pattern":
            runner.role(role, arg, entry, name, draft)
    if not any(role in ("pattern", "script") for role, _ in reading.values) and operands:
        programs.append(operands.pop(0))
    for program in programs:
        if isinstance(program, Unknown) or _awk_risk(program):
            runner.unknown_text(
                draft,
                program,
                "the awk program may run commands or touch files: this version doesn't read it",
            )
    for operand in operands:
        if not (isinstance(operand, str) and "=" in operand):
            runner.role("read", operand, entry, name, draft)


def _awk_risk(program: str) -> bool:
    """Tell whether an awk program may run commands, or read or write files of its own."""
    if _AWK_RISKS.search(program.replace("||", "")):
        return True
    for statement in _AWK_STATEMENTS.split(program):
        _, printed, rest = statement.partition("print")
        if printed and ">" in rest:
            return True
    return False


def grep(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """grep and rg: without files, a recursive search reads the current folder."""
    reading = runner.generic(entry, name, args, draft, stdin)
    files = [arg for role, arg in operand_roles(entry, reading) if role == "read"]
    if not files and ("recursive" in reading.switches or name == "rg"):
        runner.role("read", ".", entry, name, draft)


_JQ_MODULES = re.compile(r"\b(?:import|include)\b")


def jq(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """jq: some options take two words, the second of which may be a file; programs may import files."""
    rest: list[Arg] = [args[0]]
    i = 1
    while i < len(args):
        if args[i] in ("--arg", "--argjson", "--rawfile", "--slurpfile", "--argfile"):
            if args[i] not in ("--arg", "--argjson") and i + 2 < len(args):
                runner.role("read", args[i + 2], entry, name, draft)
            i += 3
        else:
            rest.append(args[i])
            i += 1
    reading = runner.generic(entry, name, rest, draft, stdin)
    programs = [arg for role, arg in operand_roles(entry, reading) if role == "pattern"]
    if any(isinstance(arg, Unknown) or _JQ_MODULES.search(arg) for arg in programs):
        runner.state.opaque(
            draft,
            ProblemCode.UNKNOWN_TARGET,
            "the jq program may read files: write it literally, without import",
        )


_YQ_READS = re.compile(r"load|\binput\b|\bimport\b|\binclude\b")


def yq(runner: Runner, entry: Entry, name: str, args: list[Arg], draft: Draft, stdin: Arg | None) -> None:
    """yq: an optional verb, an expression (which may load files), files; `-i` writes them."""
    reading = read_arguments(entry, args[1:])
    runner.check(entry, name, reading, draft)
    operands = list(reading.operands)
    if operands and operands[0] in ("eval", "e", "eval-all", "ea"):
        operands.pop(0)
    if operands and (isinstance(operands[0], Unknown) or _YQ_READS.search(operands[0])):
        runner.state.opaque(
            draft,
            ProblemCode.UNKNOWN_TARGET,
            "the yq expression may read files: write it literally, without load",
        )
    for operand in operands[1:] if len(operands) > 1 else operands:
        runner.role("read", operand, entry, name, draft)
        if "in_place" in reading.switches:
            runner.role("write", operand, entry, name, draft)
