"""Signatures of JSON Web Algorithms (RFC 7518, 8037) over bytes, with `cryptography`."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

from policy_engine.rego.builtins.json_web_keys import Key
from policy_engine.rego.builtins.registry import BuiltinError

_HASHES: Final = {"256": "SHA256", "384": "SHA384", "512": "SHA512"}
_COORDINATE_BYTES: Final = {"256": 32, "384": 48, "512": 66}
_CURVES: Final = {"256": "secp256r1", "384": "secp384r1", "512": "secp521r1"}


def _hash(size: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    return getattr(hashes, _HASHES[size])()


def _padding(family: str, size: str, *, signing: bool) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    if family == "RS":
        return padding.PKCS1v15()
    length = padding.PSS.DIGEST_LENGTH if signing else padding.PSS.AUTO
    return padding.PSS(mgf=padding.MGF1(_hash(size)), salt_length=length)


def verify(key: Key, algorithm: str, data: bytes, signature: bytes, *, any_curve: bool = False) -> bool:
    """Whether the signature is right; a key of another kind than the algorithm's is simply wrong.

    `any_curve` leaves the curve of an elliptic key unchecked, as OPA's `io.jwt.verify_es*` do.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        return _verify(key, algorithm, data, signature, any_curve)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False


def _verify(key: Key, algorithm: str, data: bytes, signature: bytes, any_curve: bool) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    family, size = algorithm[:2], algorithm[2:]
    if algorithm == "EdDSA":
        if not isinstance(key, ed25519.Ed25519PublicKey):
            return False
        key.verify(signature, data)
        return True
    if size not in _HASHES:
        return False
    if family == "HS":
        return isinstance(key, bytes) and hmac.compare_digest(_mac(key, size, data), signature)
    if family in ("RS", "PS"):
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        key.verify(signature, data, _padding(family, size, signing=False), _hash(size))
        return True
    if family != "ES" or not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    if not any_curve and key.curve.name != _CURVES[size]:
        return False
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    key.verify(encode_dss_signature(r, s), data, ec.ECDSA(_hash(size)))
    return True


def _mac(key: bytes, size: str, data: bytes) -> bytes:
    return hmac.new(key, data, getattr(hashlib, f"sha{size}")).digest()


def sign(key: Key, algorithm: str, data: bytes) -> bytes:
    """The signature; raises `BuiltinError` when the key isn't one for the algorithm."""
    try:
        signature = _sign(key, algorithm, data)
    except (ValueError, TypeError) as error:
        raise BuiltinError(f"failed to sign with {algorithm}: {error}") from None
    if signature is None:
        raise BuiltinError(f"failed to sign: the key is not one for {algorithm}")
    return signature


def _sign(key: Key, algorithm: str, data: bytes) -> bytes | None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    family, size = algorithm[:2], algorithm[2:]
    if algorithm == "EdDSA":
        return key.sign(data) if isinstance(key, ed25519.Ed25519PrivateKey) else None
    if family == "HS":
        return _mac(key, size, data) if isinstance(key, bytes) else None
    if family in ("RS", "PS") and isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, _padding(family, size, signing=True), _hash(size))
    if family == "ES" and isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == _CURVES[size]:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(_hash(size))))
        length = _COORDINATE_BYTES[size]
        return r.to_bytes(length, "big") + s.to_bytes(length, "big")
    return None
