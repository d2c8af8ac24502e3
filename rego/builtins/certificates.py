"""`crypto.x509.*` and `crypto.parse_private_keys`: certificates, requests, private keys; PEM, or base64 of PEM or DER."""

from __future__ import annotations

import re
import warnings
from typing import Any, Final

from policy_engine.rego.builtins.certificate_chains import Options, verified_chain
from policy_engine.rego.builtins.certificate_shapes import (
    certificate_shape,
    private_key_shape,
    request_shape,
    text64,
)
from policy_engine.rego.builtins.encoding import base64_decode
from policy_engine.rego.builtins.go_text import to_bytes
from policy_engine.rego.builtins.operands import elements, pairs, rego_object, string
from policy_engine.rego.builtins.registry import BuiltinContext, BuiltinError, BuiltinLimit, builtin
from policy_engine.rego.value_model import is_number

_BLOCK: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----[ \t]*(?:\r?\n)?", re.DOTALL
)
_PRIVATE: Final = (b"RSA PRIVATE KEY", b"PRIVATE KEY", b"EC PRIVATE KEY")
_USAGES: Final = {
    f"KeyUsage{name}": number
    for number, name in enumerate(
        (
            "Any",
            "ServerAuth",
            "ClientAuth",
            "CodeSigning",
            "EmailProtection",
            "IPSECEndSystem",
            "IPSECTunnel",
            "IPSECUser",
            "TimeStamping",
            "OCSPSigning",
            "MicrosoftServerGatedCrypto",
            "NetscapeServerGatedCrypto",
            "MicrosoftCommercialCodeSigning",
            "MicrosoftKernelCodeSigning",
        )
    )
}
_MAX_CERTIFICATES: Final = 200


def _blocks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The PEM blocks: label, and the whole block."""
    return [(found[1], found[0]) for found in _BLOCK.finditer(data)]


def _data(text: str) -> bytes:
    """PEM text, or what base64 stands for."""
    return to_bytes(text) if text.startswith("-----BEGIN") else to_bytes(base64_decode(text))


def _certificates(text: str) -> list[Any]:
    from cryptography import x509

    data = _data(text)
    try:
        if not data.startswith(b"-----BEGIN"):
            return [x509.load_der_x509_certificate(item) for item in _split_der(data)]
        blocks = _blocks(data)
        for label, _ in blocks:
            if label != b"CERTIFICATE":
                raise BuiltinError(f"PEM block type is '{label.decode()}', expected CERTIFICATE")
        if len(blocks) > _MAX_CERTIFICATES:
            raise BuiltinLimit(f"more than {_MAX_CERTIFICATES} certificates are refused")
        with warnings.catch_warnings():
            # A serial number of zero or less is against the rules, but Go takes it too.
            warnings.simplefilter("ignore")
            return [x509.load_pem_x509_certificate(block) for _, block in blocks]
    except ValueError as error:
        raise BuiltinError(f"x509: malformed certificate: {error}") from None


def _split_der(data: bytes) -> list[bytes]:
    """The DER elements that stand one behind another."""
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) < _MAX_CERTIFICATES:
        size, start = (data[at + 1] if at + 1 < len(data) else 0), at + 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[start : start + count], "big")
            start += count
        found.append(data[at : start + size])
        at = start + size
    return found


@builtin("crypto.x509.parse_certificates", arity=1)
def parse_certificates(text: Any) -> list[Any]:
    """The certificates as objects."""
    return [certificate_shape(item, with_uri_strings=True) for item in _certificates(string(text, 1))]


@builtin("crypto.x509.parse_and_verify_certificates", arity=1, context=True, deterministic=False)
def parse_and_verify(context: BuiltinContext, text: Any) -> list[Any]:
    """[true, certificates from leaf to root] when the first given vouches for the last, else [false, []]."""
    return _verified(string(text, 1), Options(context.now_ns), with_uri_strings=True)


@builtin("crypto.x509.parse_and_verify_certificates_with_options", arity=2, context=True, deterministic=False)
def parse_and_verify_with_options(context: BuiltinContext, text: Any, options: Any) -> list[Any]:
    """As without options; `DNSName`, `CurrentTime` (nanoseconds) and `KeyUsages` say what to hold the chain to."""
    source, given = string(text, 1), rego_object(options, 2)
    return _verified(source, _options(context.now_ns, given), with_uri_strings=False)


def _verified(text: str, options: Options, *, with_uri_strings: bool) -> list[Any]:
    try:
        certificates = _certificates(text)
        chain = verified_chain(certificates, options) if len(certificates) >= 2 else None
    except BuiltinError:
        chain = None
    if chain is None:
        return [False, []]
    return [True, [certificate_shape(item, with_uri_strings=with_uri_strings) for item in chain]]


def _options(now_ns: int, given: dict[Any, Any]) -> Options:
    name, purposes = "", Options(0).purposes
    for option, value in pairs(given):
        if option == "DNSName":
            if type(value) is not str:
                raise BuiltinError("'DNSName' should be a string")
            name = value.strip('"')
        elif option == "CurrentTime":
            if type(value) is not int or not -(2**63) <= value < 2**63:
                raise BuiltinError("'CurrentTime' should be a valid int64 number")
            now_ns = value
        elif option == "KeyUsages":
            purposes = _purposes(value) or purposes
        elif option == "MaxConstraintComparisons":
            if not is_number(value):
                raise BuiltinError("'MaxConstraintComparisons' should be a number")
        elif type(option) is str:
            raise BuiltinError("invalid key option")
    return Options(now_ns, name, purposes)


def _purposes(value: Any) -> tuple[int, ...]:
    found = elements(value)
    if found is None:
        raise BuiltinError("'KeyUsages' should be an Array or Set")
    names = [item.strip('"') for item in found if type(item) is str]
    wrong = [name for name in names if name not in _USAGES]
    if wrong:
        raise BuiltinError(f"invalid entries for 'KeyUsages' found: [{' '.join(wrong)}]")
    return tuple(_USAGES[name] for name in names)


@builtin("crypto.x509.parse_certificate_request", arity=1)
def parse_certificate_request(text: Any) -> dict[str, Any]:
    """A certificate signing request as an object."""
    from cryptography import x509

    source = string(text, 1)
    data = to_bytes(
        source if source.startswith("-----BEGIN CERTIFICATE REQUEST-----") else base64_decode(source)
    )
    blocks = _blocks(data)
    if blocks and blocks[0][0] != b"CERTIFICATE REQUEST":
        raise BuiltinError("invalid PEM-encoded certificate signing request")
    try:
        if blocks:
            return request_shape(x509.load_pem_x509_csr(blocks[0][1]))
        return request_shape(x509.load_der_x509_csr(data))
    except ValueError as error:
        raise BuiltinError(f"asn1: structure error: {error}") from None


def _private_keys(text: str) -> list[Any]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        data = to_bytes(base64_decode(text))
    except BuiltinError:
        data = to_bytes(text)
    try:
        return [load_pem_private_key(block, None) for label, block in _blocks(data) if label in _PRIVATE]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BuiltinError(f"x509: failed to parse private key: {error}") from None


@builtin("crypto.parse_private_keys", arity=1)
def parse_private_keys(text: Any) -> Any:
    """The private keys of a PEM text as objects; null for an empty text."""
    source = string(text, 1)
    return [private_key_shape(key) for key in _private_keys(source)] if source else None


@builtin("crypto.x509.parse_rsa_private_key", arity=1)
def parse_rsa_private_key(text: Any) -> Any:
    """The first private key of a PEM text as a JSON Web Key (of any kind, whatever the name says)."""
    source = string(text, 1)
    if not source:
        raise BuiltinError("input PEM data was empty")
    keys = _private_keys(source if source.startswith("-----BEGIN") else base64_decode(source))
    return _web_key(keys[0]) if keys else None


def _web_key(key: Any) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        parts = {
            "n": numbers.public_numbers.n,
            "e": numbers.public_numbers.e,
            "d": numbers.d,
            "p": numbers.p,
            "q": numbers.q,
            "dp": numbers.dmp1,
            "dq": numbers.dmq1,
            "qi": numbers.iqmp,
        }
        return {"kty": "RSA"} | {name: _number64(value, 0) for name, value in parts.items()}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        point = key.private_numbers().public_numbers
        curve = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(key.curve.name)
        if curve is None:
            raise BuiltinError(f"the curve {key.curve.name} has no JSON Web Key")
        secret = key.private_numbers().private_value
        values = {"x": point.x, "y": point.y, "d": secret}
        return {"kty": "EC", "crv": curve} | {name: _number64(value, size) for name, value in values.items()}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        public = key.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "d": _url64(key.private_bytes_raw()), "x": _url64(public)}
    raise BuiltinError("a private key of this kind has no JSON Web Key")


def _number64(value: int, size: int) -> str:
    return _url64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _url64(data: bytes) -> str:
    return text64(data).rstrip("=").translate(str.maketrans("+/", "-_"))


@builtin("crypto.x509.parse_keypair", arity=2)
def parse_keypair(certificate: Any, key: Any) -> dict[str, Any]:
    """A certificate chain and the private key of its leaf as one object; an error when they don't belong together."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    chain = _certificates(string(certificate, 1))
    keys = _private_keys(string(key, 1))
    if not chain or not keys:
        raise BuiltinError("tls: failed to find a certificate or a private key in the input")
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if chain[0].public_key().public_bytes(*form) != keys[0].public_key().public_bytes(*form):
        raise BuiltinError("tls: private key does not match public key")
    return {
        "Certificate": [text64(item.public_bytes(Encoding.DER)) for item in chain],
        "Leaf": certificate_shape(chain[0], with_uri_strings=False),
        "PrivateKey": private_key_shape(keys[0]),
        "OCSPStaple": None,
        "SignedCertificateTimestamps": None,
        "SupportedSignatureAlgorithms": None,
    }
