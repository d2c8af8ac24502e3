"""The files on the caller's own machine that a line's options make kubectl read or write.

Which options take a path, and what happens to it, stands in `options.toml` beside each option. A file that is read
may end in what is printed (templates), in what is sent (manifests, secrets) or in how it is sent (certificates); all
of them are resources of the principal operation, with the effects that its access has everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy_engine.documents.action import Resource
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import Access, Effect, ResourceKind
from policy_engine.parsers.kubernetes.line import Line, is_remote
from policy_engine.parsers.kubernetes.plan import PlannedRequest

# Values of -o that are followed by `=FILE`, or take the file from --template.
_FORMATS_OF_FILES = frozenset(("go-template-file", "templatefile", "jsonpath-file", "custom-columns-file"))
_DEFAULT_PROFILE = "profile.pprof"  # written to the working folder when --profile-output is absent
_STREAM = "-"
_STREAMED = frozenset(("filename", "kustomize", "output-directory"))  # options that take `-` for a stream


def add_local_files(line: Line, request: PlannedRequest) -> None:
    """Add the files that the line's options name, and what happens to them, to its principal request."""
    for resource in _named_files(line):
        add_file(request, resource)


def add_file(request: PlannedRequest, resource: Resource) -> None:
    """Add one file or address with the effects of its access."""
    request.resources.append(resource)
    if resource.access is Access.READ:
        request.effects.add(Effect.READ)
    else:
        request.effects.update((Effect.CREATE, Effect.UPDATE))


def file_read(path: str) -> Resource:
    """Return the resource of a path or an address that is read."""
    kind = ResourceKind.URL if is_remote(path) else ResourceKind.FILE
    return Resource(kind=kind, name=path, access=Access.READ)


def file_written(path: str) -> Resource:
    """Return the resource of a path that is written."""
    return Resource(kind=ResourceKind.FILE, name=path, access=Access.WRITE)


def _named_files(line: Line) -> Iterator[Resource]:
    for option, marks in line.parsed.paths.items():
        for value in line.parsed.options.get(option, ()):
            for path in _paths(line, option, marks, value):
                if "<" in marks:
                    yield file_read(path)
                if ">" in marks:
                    yield file_written(path)
    yield from _templates(line)
    profiled = "profile" not in line.parsed.own and line.parsed.value("profile") not in (None, "", "none")
    if profiled and not line.parsed.value("profile-output"):
        yield file_written(_DEFAULT_PROFILE)


def _paths(line: Line, option: str, marks: str, value: str) -> Iterator[str]:
    if "," in marks and '"' in value:
        line.problem(
            ProblemCode.AMBIGUOUS,
            f"a quote in the value of `--{option}` is read in more than one way; name the file plainly",
        )
    for item in value.split(",") if "," in marks else (value,):
        _, equals, behind = item.partition("=")
        path = behind if equals and "k" in marks else item
        if path and not (path == _STREAM and option in _STREAMED):
            yield path


def _templates(line: Line) -> Iterator[Resource]:
    """Yield the template file of `-o FORMAT-file=F`, or of `-o FORMAT-file --template=F`."""
    for output in line.parsed.options.get("output", ()) if "output" not in line.parsed.paths else ():
        output_format, _, path = output.partition("=")
        if output_format.lower() in _FORMATS_OF_FILES:
            paths = [path, *line.parsed.options.get("template", ())]
            yield from (file_read(path) for path in paths if path)
