"""`--raw`: a request target as such, sent with one method. It is named exactly as an API request is."""

from __future__ import annotations

from policy_engine.documents.problems import ProblemCode
from policy_engine.parsers.kubernetes.headers import Headers
from policy_engine.parsers.kubernetes.line import Line
from policy_engine.parsers.kubernetes.plan import PlannedRequest
from policy_engine.parsers.kubernetes.request import plan_request


def raw_request(line: Line, method: str) -> list[PlannedRequest]:
    """Return the request of `--raw TARGET` with `method`; its body stands in a file, if anywhere."""
    target = line.parsed.value("raw") or ""
    body = _body(line) if method in ("POST", "PUT") else b""
    if line.parsed.arguments:
        line.refuse("--raw and resource arguments stand on one line; kubectl refuses that, use one of them")
    if target.startswith("//"):
        line.problem(
            ProblemCode.AMBIGUOUS,
            "the target of --raw begins with `//`, which kubectl takes for a host; begin it with one slash",
        )
    request, problems = plan_request(method, target, headers=Headers(), body=body)
    for problem in problems:
        line.problem(problem.code, problem.message)
    return [request or PlannedRequest("", None, None, None, None, None, None)]


def _body(line: Line) -> str | None:
    names = line.file_names()
    if line.files is None or len(names) != 1 or names[0] == "-" or "remote_file" in line.flags:
        return None
    try:
        text = line.files(names[0])
    except Exception:  # the loader is the caller's: whatever it raises means that the body is not known
        return None
    return text if isinstance(text, str) else None
