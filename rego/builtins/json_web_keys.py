"""Keys for tokens: PEM certificates and public keys, and JSON Web Keys (RFC 7517), as `cryptography` key objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from policy_engine.rego.builtins.encoding import decode_base64url
from policy_engine.rego.builtins.json_text import parse
from policy_engine.rego.builtins.registry import BuiltinError

ALGORITHMS: Final = frozenset(
    ["EdDSA", *(family + size for family in ("RS", "PS", "ES", "HS") for size in ("256", "384", "512"))]
)
_CURVES: Final = {"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1"}
_MAX_RSA_BYTES: Final = 2048

Key = Any
"""A key of `cryptography`, or the bytes of a secret."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key, with the algorithm and identifier that its set gives it."""

    key: Key
    algorithm: str = ""
    identifier: str = ""


def verification_keys(text: str) -> list[VerificationKey]:
    """The keys of a PEM block, a JSON Web Key or a set of them; raises `BuiltinError`."""
    if "-----BEGIN" in text:
        return [VerificationKey(_pem_key(text))]
    keys = []
    for item in parse_keys(text):
        algorithm = item.get("alg", "")
        if algorithm and algorithm not in ALGORITHMS:
            continue
        keys.append(VerificationKey(public_part(import_key(item)), algorithm, item.get("kid", "")))
    return keys


def _pem_key(text: str) -> Key:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    begin = text.index("-----BEGIN")
    label = text[begin + 11 :].partition("-----")[0]
    end = text.find(f"-----END {label}-----", begin)
    if end < 0:
        raise BuiltinError("failed to parse a JWK key (set): the PEM block has no end")
    end += len(f"-----END {label}-----")
    end += text.startswith("\n", end)
    if text[end:]:
        raise BuiltinError("extra data after a PEM certificate block")
    data = text[begin:end].encode("ascii", "replace")
    kind = {"CERTIFICATE": "certificate", "PUBLIC KEY": "public key"}.get(label)
    if kind is None:
        raise BuiltinError("failed to extract a Key from the PEM certificate")
    try:
        if kind == "certificate":
            return x509.load_pem_x509_certificate(data).public_key()
        return load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BuiltinError(f"failed to parse a PEM {kind}: {error}") from None


def parse_keys(text: str) -> list[dict[str, Any]]:
    """The JSON Web Keys of a text: one alone, or those of a set."""
    try:
        document = parse(text)
    except BuiltinError as error:
        raise BuiltinError(f"failed to parse a JWK key (set): {error.message}") from None
    whole_set = type(document) is dict and type(document.get("keys")) is list
    found: list[Any] = document["keys"] if whole_set else [document]
    if not all(type(item) is dict for item in found):
        raise BuiltinError("failed to parse a JWK key (set): a key must be an object")
    for item in found:
        if not all(type(item.get(name, "")) is str for name in ("kty", "alg", "kid", "crv")):
            raise BuiltinError("failed to parse a JWK key (set): a field has a wrong type")
    return found


def import_key(item: dict[str, Any]) -> Key:
    """The key that a JSON Web Key describes, private if it has the private parts; raises `BuiltinError`."""
    kind = item.get("kty")
    builders = {"RSA": _rsa, "EC": _elliptic, "oct": _secret, "OKP": _edwards}
    if kind not in builders:
        raise BuiltinError(f"failed to parse a JWK key (set): invalid key type `{kind}`")
    try:
        return builders[kind](item)
    except BuiltinError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise BuiltinError(f"failed to parse a JWK key (set): {error}") from None


def public_part(key: Key) -> Key:
    """The public key of a private one; anything else as it is."""
    return key.public_key() if hasattr(key, "public_key") else key


def _bytes(item: dict[str, Any], name: str) -> bytes:
    value = item.get(name)
    if type(value) is not str:
        raise BuiltinError(f"failed to parse a JWK key (set): required field `{name}` is missing")
    return decode_base64url(value)


def _number(item: dict[str, Any], name: str) -> int:
    data = _bytes(item, name)
    if len(data) > _MAX_RSA_BYTES:
        raise BuiltinError(f"failed to parse a JWK key (set): `{name}` is too long")
    return int.from_bytes(data, "big")


def _secret(item: dict[str, Any]) -> bytes:
    return _bytes(item, "k")


def _rsa(item: dict[str, Any]) -> Key:
    from cryptography.hazmat.primitives.asymmetric import rsa

    public = rsa.RSAPublicNumbers(_number(item, "e"), _number(item, "n"))
    if "d" not in item:
        return public.public_key()
    d = _number(item, "d")
    if "p" in item and "q" in item:
        p, q = _number(item, "p"), _number(item, "q")
    else:
        p, q = rsa.rsa_recover_prime_factors(public.n, public.e, d)
    return rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    ).private_key(unsafe_skip_rsa_key_validation=False)


def _elliptic(item: dict[str, Any]) -> Key:
    from cryptography.hazmat.primitives.asymmetric import ec

    name = _CURVES.get(item.get("crv", ""))
    if name is None:
        raise BuiltinError(f"failed to parse a JWK key (set): invalid curve `{item.get('crv')}`")
    public = ec.EllipticCurvePublicNumbers(_number(item, "x"), _number(item, "y"), getattr(ec, name)())
    if "d" not in item:
        return public.public_key()
    return ec.EllipticCurvePrivateNumbers(_number(item, "d"), public).private_key()


def _edwards(item: dict[str, Any]) -> Key:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    if item.get("crv") != "Ed25519":
        raise BuiltinError(f"failed to parse a JWK key (set): invalid curve `{item.get('crv')}`")
    if "d" in item:
        return ed25519.Ed25519PrivateKey.from_private_bytes(_bytes(item, "d"))
    return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(item, "x"))
