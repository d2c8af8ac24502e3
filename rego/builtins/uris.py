"""`uri.*`: the parts of a URL, as Go's package net/url takes it apart."""

from __future__ import annotations

import re
from typing import Any, Final

from policy_engine.rego.builtins.go_text import from_bytes, to_bytes
from policy_engine.rego.builtins.operands import string
from policy_engine.rego.builtins.registry import BuiltinError, builtin

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.ASCII | re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE: Final = re.compile(rb"%(..?|)", re.DOTALL)
_HEX: Final = b"0123456789abcdefABCDEF"
_HOST_BAD: Final = re.compile(r"[ %^`{}|\\#/?@]|[\x00-\x1f]")
_USER: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*", re.ASCII)
_PORT: Final = re.compile(r"(?::[0-9]*)?", re.ASCII)
_PATH_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_PATH_ALLOWED: Final = _PATH_PLAIN | frozenset(b"!'()*[]")


@builtin("uri.parse", arity=1)
def parse(text: Any) -> dict[str, str]:
    """scheme, hostname, port, path, raw_path, raw_query, fragment: those that are there."""
    return _parse(string(text, 1))


@builtin("uri.is_valid", arity=1)
def is_valid(text: Any) -> bool:
    """Whether it is a URL, or a relative reference that isn't empty."""
    if type(text) is not str or not text:
        return False
    try:
        _parse(text)
    except BuiltinError:
        return False
    return True


def _bad(text: str, reason: str) -> BuiltinError:
    return BuiltinError(f'parse "{text}": {reason}')


def _parse(text: str) -> dict[str, str]:
    rest, mark, raw_fragment = text.partition("#")
    fragment = _unescape(raw_fragment, text) if mark else ""
    if _CONTROL.search(rest):
        raise _bad(text, "net/url: invalid control character in URL")
    scheme, rest = _scheme(rest, text)
    rest, mark, query = rest.partition("?")
    result = {"scheme": scheme.lower(), "raw_query": query, "fragment": fragment}
    if not rest.startswith("/") and scheme:
        return _present(result)  # an opaque URL such as mailto:a@b
    if not rest.startswith("/") and ":" in rest.partition("/")[0]:
        raise _bad(text, "first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        result["hostname"], result["port"] = _authority(authority, text)
        rest = slash + path
    if rest:
        result["path"] = _unescape(rest, text)
        result["raw_path"] = _raw_path(rest, result["path"])
    return _present(result)


def _present(parts: dict[str, str]) -> dict[str, str]:
    return {name: part for name, part in parts.items() if part}


def _scheme(rest: str, text: str) -> tuple[str, str]:
    found = _SCHEME.fullmatch(rest)
    if found is not None:
        return found[1], found[2]
    if rest.startswith(":"):
        raise _bad(text, "missing protocol scheme")
    return "", rest


def _authority(authority: str, text: str) -> tuple[str, str]:
    user, at, host = authority.rpartition("@")
    if at:
        if not _USER.fullmatch(user):
            raise _bad(text, "net/url: invalid userinfo")
        _unescape(user, text)
    if host.startswith("["):
        inner, close, port = host.partition("]")
        if not close:
            raise _bad(text, "missing ']' in host")
        inner = inner[1:]
        if not _PORT.fullmatch(port):
            raise _bad(text, f'invalid port "{port}" after host')
        address, zone_mark, zone = inner.partition("%25")
        return address + ("%" + _unescape(zone, text) if zone_mark else ""), port[1:]
    name, colon, port = host.rpartition(":")
    if not colon:
        name, port = host, ""
    elif (not port.isdecimal() and port) or not port.isascii():
        raise _bad(text, f'invalid port ":{port}" after host')
    plain = _unescape(name, text, host=True)
    return plain, port


def _unescape(part: str, text: str, *, host: bool = False) -> str:
    def byte(found: re.Match[bytes]) -> bytes:
        digits = found[1]
        if len(digits) != 2 or not all(digit in _HEX for digit in digits):
            raise _bad(text, f'invalid URL escape "%{from_bytes(digits)}"')
        value = int(digits, 16)
        if host and value < 0x80:
            raise _bad(text, f'invalid URL escape "%{from_bytes(digits)}"')
        return bytes([value])

    if host and (found := _HOST_BAD.search(part.replace("%", ""))):
        raise _bad(text, f'invalid character "{found[0]}" in host name')
    return from_bytes(_ESCAPE.sub(byte, to_bytes(part)))


def _raw_path(raw: str, path: str) -> str:
    """The path as it was written, when its escapes say more than the path does; else the path."""
    default = "".join(chr(byte) if byte in _PATH_PLAIN else f"%{byte:02X}" for byte in to_bytes(path))
    return path if raw == default else raw
