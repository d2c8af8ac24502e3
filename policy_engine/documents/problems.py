"""Why a parser could not understand (all of) a text: the closed list of problem codes and the problem itself."""

from __future__ import annotations

import msgspec

from policy_engine.documents.vocabulary import Word


class ProblemCode(Word):
    """What a parser could not do. Every problem makes the action opaque."""

    INVALID_TYPE = "invalid_type", "the text is not a string"
    EMPTY = "empty", "there is nothing to run"
    TOO_LARGE = "too_large", "the text is longer than the parser's limit"
    TOO_DEEP = "too_deep", "nesting is deeper than the parser's limit"
    TOO_MANY = "too_many", "more operations, words or operators than the parser's limit"
    NUL_BYTE = "nul_byte", "the text holds a NUL character"
    INVALID_ENCODING = "invalid_encoding", "the text is not valid Unicode (lone surrogates, broken UTF-8)"
    UNKNOWN_DIALECT = "unknown_dialect", "no parser knows this dialect"
    SYNTAX_ERROR = "syntax_error", "the text does not parse"
    UNSUPPORTED = "unsupported", "the text parses, but what a part of it does is not known to this version"
    AMBIGUOUS = "ambiguous", "the text can be read in more than one way"
    UNKNOWN_PROGRAM = "unknown_program", "the program that would run is not known statically"
    UNKNOWN_TEXT = "unknown_text", "code that would run is not known statically"
    UNKNOWN_TARGET = "unknown_target", "the file, host or object acted on is not known statically"
    UNKNOWN_OPTION = "unknown_option", "an option that this version does not know, or an abbreviated one"
    UNKNOWN_FUNCTION = "unknown_function", "a function whose effects are not known"
    UNKNOWN_RESOURCE = "unknown_resource", "a resource type that the table does not know"
    INVALID_REQUEST = "invalid_request", "the request is malformed; the server would refuse it"
    LEXER_CHANGE = "lexer_change", "a setting changes how later text is read"
    PARSER_FAILED = "parser_failed", "the parser itself failed; reported as a defect, never as an answer"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was not understood, with its place in the text (1-based), when known."""

    code: ProblemCode
    message: str
    line: int | None = None
    column: int | None = None
