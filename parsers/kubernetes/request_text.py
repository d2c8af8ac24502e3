"""A request written as one line, `METHOD PATH`, as people type it in commands and case files."""

from __future__ import annotations

from policy_engine.documents.action import Action, refused_action
from policy_engine.documents.problems import Problem, ProblemCode
from policy_engine.documents.vocabulary import Protocol
from policy_engine.parsers.kubernetes.guards import check_text, printable
from policy_engine.parsers.kubernetes.request import DIALECT, parse_kubernetes_request
from policy_engine.parsers.kubernetes.request_info import VERB_OF_METHOD

# Methods of HTTP that a server may be sent; which of them the API knows is said when the request is named.
METHODS = frozenset((*VERB_OF_METHOD, "OPTIONS", "CONNECT", "TRACE"))
_MEND = "write `METHOD PATH`, such as `GET /api/v1/pods`"


def parse_request_text(text: str) -> Action:
    """Return the action of `METHOD PATH`. A text without one of the two is refused with one problem that says so.

    Never raises for its input. Header and body are not known, as with `parse_kubernetes_request`'s defaults.
    """
    problem = check_text(text, "the request") or _incomplete(text)
    if problem is not None:
        return refused_action(Protocol.KUBERNETES, DIALECT, printable(text), problem)
    method = text.split()[0]
    return parse_kubernetes_request(method, text.strip()[len(method) :].strip())


def _incomplete(text: str) -> Problem | None:
    words = text.split()
    if not words:
        return Problem(code=ProblemCode.EMPTY, message=f"there is no request; {_MEND}")
    first = words[0][:60]
    if first in METHODS and len(words) > 1:
        return None
    if first in METHODS:
        message = f"the path is missing behind `{first}`; {_MEND}"
    elif first.startswith("/"):
        message = f"the method is missing before `{first}`; {_MEND}"
    elif first.upper() in METHODS:
        message = f"the method `{first}` is not in capitals, and API servers know no other; {_MEND}"
    else:
        message = f"`{first}` is no HTTP method; {_MEND}"
    return Problem(code=ProblemCode.INVALID_REQUEST, message=message)
