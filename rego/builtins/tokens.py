"""`io.jwt.*`: JSON Web Tokens (RFC 7515, 7519): decode, verify, sign."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from policy_engine.rego.builtins.encoding import base64url_encode_no_pad, decode_base64url
from policy_engine.rego.builtins.go_text import from_bytes, to_bytes
from policy_engine.rego.builtins.json_text import is_valid, marshal, parse
from policy_engine.rego.builtins.json_web_keys import (
    ALGORITHMS,
    Key,
    VerificationKey,
    import_key,
    parse_keys,
    verification_keys,
)
from policy_engine.rego.builtins.operands import pairs, rego_object, string
from policy_engine.rego.builtins.registry import BuiltinContext, BuiltinError, builtin
from policy_engine.rego.builtins.signatures import sign, verify
from policy_engine.rego.value_model import as_decimal, is_number

_Object = dict[Any, Any]
_MAX_NESTING: Final = 16
_KNOWN_HEADERS: Final = ("alg", "kid", "typ", "cty", "crit")


@dataclass(frozen=True, slots=True)
class _Token:
    """The three parts of a token as they are written."""

    header: str
    payload: str
    signature: str

    @property
    def signed(self) -> bytes:
        return to_bytes(f"{self.header}.{self.payload}")

    def decoded_header(self) -> _Object:
        try:
            text = from_bytes(decode_base64url(self.header))
        except BuiltinError as error:
            raise BuiltinError(f"JWT header had invalid encoding: {error.message}") from None
        try:
            header = _json_object(text)
        except BuiltinError as error:
            raise BuiltinError(f"bad JWT header: {error.message}") from None
        if "enc" in header:
            raise BuiltinError("JWT is a JWE object, which is not supported")
        return header

    def decoded_payload(self) -> str:
        try:
            return from_bytes(decode_base64url(self.payload))
        except BuiltinError as error:
            raise BuiltinError(f"JWT payload had invalid encoding: {error.message}") from None


def _split(text: str) -> _Token:
    if "." not in text:
        raise BuiltinError("encoded JWT had no period separators")
    parts = text.split(".")
    if len(parts) != 3:
        raise BuiltinError(f"encoded JWT must have 3 sections, found {len(parts)}")
    return _Token(*parts)


def _json_object(text: str) -> _Object:
    try:
        value = parse(text)
    except BuiltinError as error:
        raise BuiltinError(f"invalid JSON: {error.message}") from None
    if type(value) is not dict:
        raise BuiltinError("decoded JSON type was not an Object")
    return value


@builtin("io.jwt.decode", arity=1)
def decode(token: Any) -> list[Any]:
    """[header, payload, signature in hexadecimal digits], unverified; of a token in a token, the innermost."""
    text = string(token, 1)
    for _ in range(_MAX_NESTING):
        parts = _split(text)
        header = parts.decoded_header()
        payload = parts.decoded_payload()
        content = header.get("cty")
        if content is not None and type(content) is not str:
            raise BuiltinError("cty: must be a string")
        if content != "JWT":
            try:
                signature = decode_base64url(parts.signature)
            except BuiltinError as error:
                raise BuiltinError(f"JWT signature had invalid encoding: {error.message}") from None
            return [header, _json_object(payload), signature.hex()]
        text = payload.strip("\"'")
    raise BuiltinError(f"tokens are nested deeper than {_MAX_NESTING} levels")


@dataclass(slots=True)
class _Header:
    """The fields of a header that verification looks at."""

    algorithm: str = ""
    identifier: str = ""
    content: str = ""
    valid: bool = True


def _read_header(header: _Object) -> _Header:
    result = _Header()
    texts = {}
    for name in ("alg", "kid", "typ", "cty"):
        value = header.get(name, "")
        if type(value) is not str:
            raise BuiltinError(f"{name}: must be a string")
        texts[name] = value
    critical = header.get("crit")
    if critical is not None or "crit" in header:
        if type(critical) is not list:
            raise BuiltinError("crit: must be a list")
        names = [item for item in critical if type(item) is str]
        if not names:
            raise BuiltinError("crit: must be a nonempty list")
        result.valid = not any(name in header and name not in _KNOWN_HEADERS for name in names)
    result.algorithm, result.identifier, result.content = texts["alg"], texts["kid"], texts["cty"]
    result.valid = result.valid and bool(result.algorithm)
    return result


def _asymmetric(name: str, algorithm: str) -> None:
    @builtin(f"io.jwt.verify_{name}", arity=2)
    def verify_token(token: Any, certificate: Any) -> bool:
        parts = _split(string(token, 1))
        keys = verification_keys(string(certificate, 2))
        signature = decode_base64url(parts.signature)
        header = _read_header(parts.decoded_header())
        fitting = _keys_for(keys, header)
        return any(verify(key, algorithm, parts.signed, signature, any_curve=True) for key in fitting)


def _keys_for(keys: list[VerificationKey], header: _Header) -> list[Key]:
    """The key of the header's identifier alone, if there is one; else those that its algorithm allows."""
    if header.identifier:
        for item in keys:
            if item.identifier == header.identifier:
                return [item.key]
    return [item.key for item in keys if item.algorithm in ("", header.algorithm)]


def _symmetric(name: str, algorithm: str) -> None:
    @builtin(f"io.jwt.verify_{name}", arity=2)
    def verify_token(token: Any, secret: Any) -> bool:
        text = string(token, 1)
        key = to_bytes(string(secret, 2))
        parts = _split(text)
        return verify(key, algorithm, parts.signed, decode_base64url(parts.signature))


for _algorithm in sorted(ALGORITHMS):
    (_symmetric if _algorithm.startswith("HS") else _asymmetric)(_algorithm.lower(), _algorithm)


@dataclass(slots=True)
class _Constraints:
    """What `io.jwt.decode_verify` is asked to hold a token to."""

    keys: list[VerificationKey] | None = None
    secret: str = ""
    algorithm: str = ""
    issuer: str = ""
    audience: str = ""
    seconds: Decimal = Decimal(0)

    def accepts(self, header: _Header, signed: bytes, signature: bytes) -> bool:
        """Whether the signature is right for a key that is trusted."""
        algorithm = header.algorithm
        if algorithm not in ALGORITHMS:
            return False
        keys = [to_bytes(self.secret)] if self.keys is None else _keys_for(self.keys, header)
        return any(verify(key, algorithm, signed, signature) for key in keys)


def _read_constraints(value: _Object, now_ns: int) -> _Constraints:
    result = _Constraints()
    fields = {"secret": "secret", "alg": "algorithm", "iss": "issuer", "aud": "audience"}
    time: Any = now_ns
    for name, item in pairs(value):
        if name == "time" and type(name) is str:
            time = item
        elif name == "cert" or name in fields:
            if type(item) is not str:
                raise BuiltinError(f"{name} constraint: must be a string")
            if name == "cert":
                result.keys = verification_keys(item)
            else:
                setattr(result, fields[name], item)
        else:
            raise BuiltinError(f"unknown token validation constraint: {name}")
    if not is_number(time):
        raise BuiltinError("token time constraint: must be a number")
    if time < 0:
        raise BuiltinError("token time constraint: must not be negative")
    result.seconds = Decimal(repr(float(time) / 1_000_000_000))
    if result.keys is not None and result.secret:
        raise BuiltinError("duplicate key constraints")
    if result.keys is None and not result.secret:
        raise BuiltinError("no key constraint")
    return result


@builtin("io.jwt.decode_verify", arity=2, context=True, deterministic=False)
def decode_verify(context: BuiltinContext, token: Any, constraints: Any) -> list[Any]:
    """[true, header, payload] of a token that is signed by a trusted key and meets the constraints, else [false, {}, {}]."""
    wanted = _read_constraints(rego_object(constraints, 2), context.now_ns)
    text = string(token, 1)
    for _ in range(_MAX_NESTING):
        parts = _split(text)
        decoded = parts.decoded_header()
        header = _read_header(decoded)
        if not header.valid or (wanted.algorithm and wanted.algorithm != header.algorithm):
            return [False, {}, {}]
        signature = decode_base64url(parts.signature)
        if not wanted.accepts(header, parts.signed, signature):
            return [False, {}, {}]
        payload_text = parts.decoded_payload()
        if header.content.lower() != "jwt":
            payload = _json_object(payload_text)
            return [True, decoded, payload] if _claims_hold(payload, wanted) else [False, {}, {}]
        text = payload_text
    raise BuiltinError(f"tokens are nested deeper than {_MAX_NESTING} levels")


def _claims_hold(payload: _Object, wanted: _Constraints) -> bool:
    if wanted.issuer:
        issuer = payload.get("iss")
        if type(issuer) is not str or issuer != wanted.issuer:
            return False
    if not _audience_holds(payload.get("aud", ...), wanted.audience):
        return False
    expiry, start = payload.get("exp", ...), payload.get("nbf", ...)
    for name, value in (("exp", expiry), ("nbf", start)):
        if value is not ... and not is_number(value):
            raise BuiltinError(f"{name} value must be a number")
        if name == "exp" and value is not ... and wanted.seconds >= as_decimal(value):
            return False
    return start is ... or wanted.seconds >= as_decimal(start)


def _audience_holds(audience: Any, wanted: str) -> bool:
    """A token for somebody is only taken by who says to be that."""
    if audience is ...:
        return not wanted
    if type(audience) is list:
        return any(type(item) is str and item == wanted for item in audience)
    return type(audience) is str and audience == wanted


@builtin("io.jwt.encode_sign", arity=3, deterministic=False)
def encode_sign(headers: Any, payload: Any, key: Any) -> str:
    """A token of header, payload and key (a JSON Web Key) given as objects."""
    return _signed(marshal(headers), marshal(payload), marshal(key))


@builtin("io.jwt.encode_sign_raw", arity=3, deterministic=False)
def encode_sign_raw(headers: Any, payload: Any, key: Any) -> str:
    """A token of header, payload and key (a JSON Web Key) given as texts."""
    source = string(key, 3)
    return _signed(string(headers, 1), string(payload, 2), source)


def _signed(headers: str, payload: str, key_source: str) -> str:
    keys = parse_keys(key_source)
    if not keys:
        raise BuiltinError("no keys found in JWK set")
    key = import_key(keys[0])
    try:
        fields = parse(headers)
    except BuiltinError as error:
        reason = "cannot parse empty string" if not headers else error.message
        raise BuiltinError(f"missing or invalid 'alg' header: cannot parse JSON: {reason}") from None
    algorithm = fields.get("alg") if type(fields) is dict else None
    if type(algorithm) is not str:
        raise BuiltinError("missing or invalid 'alg' header: jwsbb: header \"alg\" not found")
    if algorithm not in ALGORITHMS:
        raise BuiltinError(f"unknown JWS algorithm: {algorithm}")
    kind = fields.get("typ", "JWT")
    if (type(kind) is not str or kind == "JWT") and not is_valid(payload):
        raise BuiltinError("type is JWT but payload is not JSON")
    signed = f"{base64url_encode_no_pad(headers)}.{base64url_encode_no_pad(payload)}"
    signature = sign(key, algorithm, to_bytes(signed))
    return f"{signed}.{base64url_encode_no_pad(from_bytes(signature))}"
