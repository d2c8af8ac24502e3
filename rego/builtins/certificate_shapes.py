"""Certificates, requests and keys as objects with the names and numbers that Go's package crypto/x509 gives them."""

from __future__ import annotations

import base64
import warnings
from typing import Any, Final

from policy_engine.rego.builtins.registry import BuiltinError
from policy_engine.rego.builtins.uris import parse as parse_uri

_NAME_FIELDS: Final = {
    "2.5.4.6": "Country",
    "2.5.4.10": "Organization",
    "2.5.4.11": "OrganizationalUnit",
    "2.5.4.7": "Locality",
    "2.5.4.8": "Province",
    "2.5.4.9": "StreetAddress",
    "2.5.4.17": "PostalCode",
}
_NAME_TEXTS: Final = {"2.5.4.5": "SerialNumber", "2.5.4.3": "CommonName"}
_KEY_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_PURPOSES: Final = {
    "2.5.29.37.0": 0,
    **{f"1.3.6.1.5.5.7.3.{number}": number for number in range(1, 10)},
    "1.3.6.1.4.1.311.10.3.3": 10,
    "2.16.840.1.113730.4.1": 11,
    "1.3.6.1.4.1.311.2.1.22": 12,
    "1.3.6.1.4.1.311.61.1.1": 13,
}
_SIGNATURES: Final = {
    ("1.2.840.113549.1.1.4", ""): 2,
    ("1.2.840.113549.1.1.5", ""): 3,
    ("1.2.840.113549.1.1.11", ""): 4,
    ("1.2.840.113549.1.1.12", ""): 5,
    ("1.2.840.113549.1.1.13", ""): 6,
    ("1.2.840.10040.4.3", ""): 7,
    ("2.16.840.1.101.3.4.3.2", ""): 8,
    ("1.2.840.10045.4.1", ""): 9,
    ("1.2.840.10045.4.3.2", ""): 10,
    ("1.2.840.10045.4.3.3", ""): 11,
    ("1.2.840.10045.4.3.4", ""): 12,
    ("1.2.840.113549.1.1.10", "sha256"): 13,
    ("1.2.840.113549.1.1.10", "sha384"): 14,
    ("1.2.840.113549.1.1.10", "sha512"): 15,
    ("1.3.101.112", ""): 16,
}
_KNOWN_EXTENSIONS: Final = frozenset(
    [
        *(f"2.5.29.{number}" for number in (14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 54)),
        "1.3.6.1.5.5.7.1.1",
    ]
)

Shape = dict[str, Any]


def text64(data: bytes) -> str:
    """Bytes as Go's JSON writes them."""
    return base64.b64encode(data).decode("ascii")


def oid(dotted: str) -> list[int]:
    """An object identifier as an array of numbers."""
    return [int(part) for part in dotted.split(".")]


def _parts(der: bytes) -> list[tuple[bytes, bytes]]:
    """The elements of a DER sequence: each whole, and its content."""
    found, at = [], 0
    while at < len(der):
        size, start = der[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(der[start : start + count], "big")
            start += count
        found.append((der[at : start + size], der[start : start + size]))
        at = start + size
    return found


def _sequence(der: bytes) -> list[bytes]:
    return [whole for whole, _ in _parts(_parts(der)[0][1])]


def certificate_shape(certificate: Any, *, with_uri_strings: bool) -> Shape:
    """A certificate as an object; raises `BuiltinError` for one whose extensions can't be read."""
    fields = _sequence(certificate.tbs_certificate_bytes)
    fields = fields[1:] if fields[0][:1] == b"\xa0" else fields
    shape = {
        "Raw": text64(_der(certificate)),
        "RawTBSCertificate": text64(certificate.tbs_certificate_bytes),
        "RawIssuer": text64(fields[2]),
        "RawSubject": text64(fields[4]),
        "RawSubjectPublicKeyInfo": text64(fields[5]),
        "Signature": text64(certificate.signature),
        "SignatureAlgorithm": _signature_algorithm(certificate),
        **_public_key(certificate),
        "Version": certificate.version.value + 1,
        "SerialNumber": _serial_number(certificate),
        "Issuer": _name(certificate.issuer),
        "Subject": _name(certificate.subject),
        "NotBefore": f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "NotAfter": f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "ExtraExtensions": None,
        **_defaults(),
        **_extensions(certificate),
    }
    if with_uri_strings:
        shape["URIStrings"] = _alternative_names(_values(certificate).get("2.5.29.17"))[1]
    return shape


def _serial_number(certificate: Any) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as when it was read
        return int(certificate.serial_number)


def _der(item: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    data: bytes = item.public_bytes(Encoding.DER)
    return data


def _signature_algorithm(item: Any) -> int:
    dotted = item.signature_algorithm_oid.dotted_string
    digest = item.signature_hash_algorithm
    name = digest.name if dotted.endswith("1.1.10") and digest is not None else ""
    return _SIGNATURES.get((dotted, name), 0)


def _public_key(item: Any) -> Shape:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        key = item.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return {"PublicKey": None, "PublicKeyAlgorithm": 0}
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"PublicKey": {"N": numbers.n, "E": numbers.e}, "PublicKeyAlgorithm": 1}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return {"PublicKey": {"Curve": {}, "X": point.x, "Y": point.y}, "PublicKeyAlgorithm": 3}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"PublicKey": text64(key.public_bytes_raw()), "PublicKeyAlgorithm": 4}
    return {"PublicKey": None, "PublicKeyAlgorithm": 0}


def _name(name: Any) -> Shape:
    shape: Shape = dict.fromkeys(_NAME_FIELDS.values())
    shape |= {"SerialNumber": "", "CommonName": "", "Names": None, "ExtraNames": None}
    for attribute in name:
        dotted = attribute.oid.dotted_string
        value = attribute.value if isinstance(attribute.value, str) else text64(attribute.value)
        shape["Names"] = [*(shape["Names"] or []), {"Type": oid(dotted), "Value": value}]
        if dotted in _NAME_FIELDS:
            field = _NAME_FIELDS[dotted]
            shape[field] = [*(shape[field] or []), value]
        elif dotted in _NAME_TEXTS:
            shape[_NAME_TEXTS[dotted]] = value
    return shape


def _values(item: Any) -> dict[str, Any]:
    """The extensions by their identifiers."""
    try:
        return {extension.oid.dotted_string: extension.value for extension in item.extensions}
    except ValueError as error:
        raise BuiltinError(f"x509: malformed extensions: {error}") from None


def _raw_extensions(item: Any) -> list[Shape] | None:
    found = [
        {
            "Id": oid(extension.oid.dotted_string),
            "Critical": extension.critical,
            "Value": text64(extension.value.public_bytes()),
        }
        for extension in item.extensions
    ]
    return found or None


def _defaults() -> Shape:
    absent = (
        "AuthorityKeyId CRLDistributionPoints DNSNames EmailAddresses ExcludedDNSDomains ExcludedEmailAddresses "
        "ExcludedIPRanges ExcludedURIDomains ExtKeyUsage IPAddresses IssuingCertificateURL OCSPServer "
        "PermittedDNSDomains PermittedEmailAddresses PermittedIPRanges PermittedURIDomains Policies PolicyIdentifiers "
        "PolicyMappings SubjectKeyId URIs UnknownExtKeyUsage"
    )
    shape: Shape = dict.fromkeys(absent.split())
    shape |= dict.fromkeys(
        ("InhibitAnyPolicy", "InhibitPolicyMapping", "RequireExplicitPolicy", "KeyUsage", "MaxPathLen"), 0
    )
    flags = "InhibitAnyPolicyZero InhibitPolicyMappingZero RequireExplicitPolicyZero IsCA MaxPathLenZero"
    shape |= dict.fromkeys(flags.split(), False)
    return shape | {"BasicConstraintsValid": False, "PermittedDNSDomainsCritical": False}


def _extensions(certificate: Any) -> Shape:
    values = _values(certificate)
    unhandled = [
        oid(extension.oid.dotted_string)
        for extension in certificate.extensions
        if extension.critical and extension.oid.dotted_string not in _KNOWN_EXTENSIONS
    ]
    shape: Shape = {
        "Extensions": _raw_extensions(certificate),
        "UnhandledCriticalExtensions": unhandled or None,
    }
    shape |= _constraints(values.get("2.5.29.19"))
    shape |= _alternative_names(values.get("2.5.29.17"))[0]
    shape |= _usages(values.get("2.5.29.15"), values.get("2.5.29.37"))
    shape |= _links(values)
    if (limits := values.get("2.5.29.30")) is not None:
        shape |= _name_limits(limits.permitted_subtrees, "Permitted") | _name_limits(
            limits.excluded_subtrees, "Excluded"
        )
        critical = [item.critical for item in certificate.extensions if item.oid.dotted_string == "2.5.29.30"]
        shape["PermittedDNSDomainsCritical"] = any(critical)
    return shape


def _constraints(value: Any) -> Shape:
    if value is None:
        return {}
    length = -1 if value.path_length is None else value.path_length
    return {
        "BasicConstraintsValid": True,
        "IsCA": value.ca,
        "MaxPathLen": length,
        "MaxPathLenZero": length == 0,
    }


def _usages(usage: Any, purposes: Any) -> Shape:
    shape: Shape = {}
    if usage is not None:
        bits = [getattr(usage, name) for name in _KEY_USAGES]
        if usage.key_agreement:
            bits += [usage.encipher_only, usage.decipher_only]
        shape["KeyUsage"] = sum(bit << place for place, bit in enumerate(bits))
    if purposes is not None:
        dotted = [item.dotted_string for item in purposes]
        shape["ExtKeyUsage"] = [_PURPOSES[item] for item in dotted if item in _PURPOSES] or None
        shape["UnknownExtKeyUsage"] = [oid(item) for item in dotted if item not in _PURPOSES] or None
    return shape


def _links(values: dict[str, Any]) -> Shape:
    shape: Shape = {}
    if (subject := values.get("2.5.29.14")) is not None:
        shape["SubjectKeyId"] = text64(subject.digest)
    if (authority := values.get("2.5.29.35")) is not None and authority.key_identifier is not None:
        shape["AuthorityKeyId"] = text64(authority.key_identifier)
    for access in values.get("1.3.6.1.5.5.7.1.1", ()):
        field = {"1.3.6.1.5.5.7.48.1": "OCSPServer", "1.3.6.1.5.5.7.48.2": "IssuingCertificateURL"}.get(
            access.access_method.dotted_string
        )
        if field is not None and isinstance(access.access_location.value, str):
            shape[field] = [*shape.get(field, []), access.access_location.value]
    for point in values.get("2.5.29.31", ()):
        for name in point.full_name or ():
            if isinstance(name.value, str):
                shape["CRLDistributionPoints"] = [*shape.get("CRLDistributionPoints", []), name.value]
    if (policies := values.get("2.5.29.32")) is not None:
        dotted = [item.policy_identifier.dotted_string for item in policies]
        shape |= {"Policies": dotted, "PolicyIdentifiers": [oid(item) for item in dotted]}
    return shape


def _alternative_names(value: Any) -> tuple[Shape, list[str] | None]:
    """The fields of the alternative names, and the URIs as they are written."""
    from cryptography import x509

    if value is None:
        return {}, None
    uris = value.get_values_for_type(x509.UniformResourceIdentifier)
    shape = {
        "DNSNames": value.get_values_for_type(x509.DNSName) or None,
        "EmailAddresses": value.get_values_for_type(x509.RFC822Name) or None,
        "IPAddresses": [str(item) for item in value.get_values_for_type(x509.IPAddress)] or None,
        "URIs": [_uri(item) for item in uris] or None,
    }
    return shape, uris or None


def _uri(text: str) -> Shape:
    """A URL as Go's struct of it."""
    parts = parse_uri(text)
    authority = text.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]
    user, at, host = authority.rpartition("@")
    return {
        "Scheme": parts.get("scheme", ""),
        "Opaque": "" if "://" in text or text.startswith("/") else text.partition(":")[2],
        "User": {} if at or user else None,
        "Host": host,
        "Path": parts.get("path", ""),
        "RawPath": "" if parts.get("raw_path") == parts.get("path") else parts.get("raw_path", ""),
        "ForceQuery": False,
        "RawQuery": parts.get("raw_query", ""),
        "Fragment": parts.get("fragment", ""),
        "RawFragment": "",
        "OmitHost": False,
    }


def _name_limits(names: Any, prefix: str) -> Shape:
    from cryptography import x509

    fields = {
        x509.DNSName: "DNSDomains",
        x509.RFC822Name: "EmailAddresses",
        x509.UniformResourceIdentifier: "URIDomains",
    }
    shape: Shape = {}
    for name in names or ():
        if isinstance(name, x509.IPAddress):
            field, value = "IPRanges", _ip_range(name.value)
        elif type(name) in fields:
            field, value = fields[type(name)], name.value
        else:
            continue
        shape[prefix + field] = [*shape.get(prefix + field, []), value]
    return shape


def _ip_range(network: Any) -> Shape:
    return {"IP": str(network.network_address), "Mask": text64(network.netmask.packed)}


def request_shape(request: Any) -> Shape:
    """A certificate signing request as an object."""
    fields = _sequence(request.tbs_certrequest_bytes)
    names = _alternative_names(_values(request).get("2.5.29.17"))[0]
    extensions = _raw_extensions(request)
    attributes = None
    if extensions is not None:
        plain = [
            {"Type": item["Id"], "Value": item["Value"]} | ({"Critical": True} if item["Critical"] else {})
            for item in extensions
        ]
        attributes = [{"Type": [1, 2, 840, 113549, 1, 9, 14], "Value": [plain]}]
    return {
        "Raw": text64(_der(request)),
        "RawTBSCertificateRequest": text64(request.tbs_certrequest_bytes),
        "RawSubject": text64(fields[1]),
        "RawSubjectPublicKeyInfo": text64(fields[2]),
        "Version": 0,
        "Signature": text64(request.signature),
        "SignatureAlgorithm": _signature_algorithm(request),
        **_public_key(request),
        "Subject": _name(request.subject),
        "Attributes": attributes,
        "Extensions": extensions,
        "ExtraExtensions": None,
        **dict.fromkeys(("DNSNames", "EmailAddresses", "IPAddresses", "URIs")),
        **names,
    }


def private_key_shape(key: Any) -> Any:
    """A private key as Go's JSON writes it."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        return {
            "N": numbers.public_numbers.n,
            "E": numbers.public_numbers.e,
            "D": numbers.d,
            "Primes": [numbers.p, numbers.q],
            "Precomputed": {"Dp": numbers.dmp1, "Dq": numbers.dmq1, "Qinv": numbers.iqmp, "CRTValues": []},
        }
    if isinstance(key, ec.EllipticCurvePrivateKey):
        secret = key.private_numbers()
        point = secret.public_numbers
        return {"Curve": {}, "X": point.x, "Y": point.y, "D": secret.private_value}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return text64(key.private_bytes_raw() + key.public_key().public_bytes_raw())
    raise BuiltinError("a private key of this kind is not supported")
