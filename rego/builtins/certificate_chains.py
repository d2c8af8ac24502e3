"""Whether a chain of certificates leads from a leaf back to a root, by the rules of Go's `x509.Certificate.Verify`.

Stricter in one place: a chain with name constraints is never taken for verified, because these aren't evaluated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from policy_engine.rego.builtins.certificate_shapes import certificate_shape

_SERVER_AUTH: Final = 1
_ANY: Final = 0
_CERT_SIGN: Final = 32
_MAX_SIGNATURES: Final = 100


@dataclass(frozen=True, slots=True)
class Options:
    """What a chain is held to: `now_ns` since 1970; a name that the leaf must be for; purposes, of which one must be allowed."""

    now_ns: int
    dns_name: str = ""
    purposes: tuple[int, ...] = (_SERVER_AUTH,)


def verified_chain(certificates: list[Any], options: Options) -> list[Any] | None:
    """From the leaf (given last) over intermediates to the root (given first); None when there is no such chain."""
    root, *between, leaf = certificates
    shapes = {id(item): certificate_shape(item, with_uri_strings=False) for item in certificates}
    search = _Search(root, between, shapes, options)
    if not search.acceptable(leaf) or (options.dns_name and not _is_for(shapes[id(leaf)], options.dns_name)):
        return None
    return search.extend([leaf])


class _Search:
    """Tries issuers, depth first, with a limit on signatures checked."""

    def __init__(self, root: Any, between: list[Any], shapes: dict[int, Any], options: Options) -> None:
        self.root, self.between, self.shapes, self.options = root, between, shapes, options
        self.left = _MAX_SIGNATURES

    def acceptable(self, certificate: Any) -> bool:
        """Valid at the time, without extensions that would have to be understood."""
        shape = self.shapes[id(certificate)]
        now = datetime.fromtimestamp(self.options.now_ns // 1_000_000_000, UTC)
        limited = any(
            shape[name]
            for name in shape
            if name.startswith(("PermittedDNSDomains", "Excluded", "PermittedE"))
        )
        limited = limited or any(shape[name] for name in ("PermittedIPRanges", "PermittedURIDomains"))
        return (
            certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
            and shape["UnhandledCriticalExtensions"] is None
            and not limited
        )

    def extend(self, chain: list[Any]) -> list[Any] | None:
        last = chain[-1]
        if len(chain) == 1 and last == self.root:
            return chain
        if self.issued(last, self.root, len(chain)) and self.purposes_fit([*chain, self.root]):
            return [*chain, self.root]
        for candidate in self.between:
            if candidate not in chain and self.issued(last, candidate, len(chain)):
                found = self.extend([*chain, candidate])
                if found is not None:
                    return found
        return None

    def issued(self, certificate: Any, issuer: Any, depth: int) -> bool:
        """Whether `issuer`, which may issue, has signed `certificate`; `depth` certificates stand below it."""
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        shape = self.shapes[id(issuer)]
        may = shape["BasicConstraintsValid"] and shape["IsCA"]
        may = may and (shape["KeyUsage"] == 0 or shape["KeyUsage"] & _CERT_SIGN)
        may = may and (shape["MaxPathLen"] < 0 or depth - 1 <= shape["MaxPathLen"])
        if not may or self.left <= 0 or not self.acceptable(issuer):
            return False
        self.left -= 1
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return self.shapes[id(certificate)]["SignatureAlgorithm"] not in (0, 2, 3, 7, 9)

    def purposes_fit(self, chain: list[Any]) -> bool:
        """Whether one of the wanted purposes is allowed by every certificate."""
        wanted = set(self.options.purposes)
        if _ANY in wanted:
            return True
        for certificate in chain:
            shape = self.shapes[id(certificate)]
            allowed = shape["ExtKeyUsage"]
            if (allowed is None and shape["UnknownExtKeyUsage"] is None) or _ANY in (allowed or ()):
                continue
            wanted &= set(allowed or ())
        return bool(wanted)


def _is_for(shape: dict[str, Any], name: str) -> bool:
    """Whether the leaf's alternative names have the host name, or the address in brackets or plain."""
    wanted = name.strip("[]").lower().removesuffix(".")
    if wanted in (shape["IPAddresses"] or ()):
        return True
    return any(_matches(pattern.lower().removesuffix("."), wanted) for pattern in shape["DNSNames"] or ())


def _matches(pattern: str, name: str) -> bool:
    """Whether a name matches, with `*` for a whole first label."""
    if not name or not pattern:
        return False
    if pattern.startswith("*."):
        label, dot, rest = name.partition(".")
        return bool(label and dot) and rest == pattern[2:]
    return pattern == name
