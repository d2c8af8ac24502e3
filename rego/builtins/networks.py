"""`net.cidr_*`: IP networks in CIDR notation. IPv4 addresses written as IPv6 (`::ffff:…`) count as IPv4, as in Go."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from policy_engine.rego.builtins.operands import pairs, string
from policy_engine.rego.builtins.registry import BuiltinContext, BuiltinError, BuiltinLimit, builtin
from policy_engine.rego.value_model import RegoSet

_PREFIX: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_MAX_EXPANSION: Final = 1 << 20
_MAPPED: Final = 0xFFFF << 32
_V4_BITS: Final = 1 << 32

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Network(NamedTuple):
    """All addresses from `first` to `last`; `bits` is 32 or 128."""

    bits: int
    first: int
    last: int

    def holds(self, other: _Network) -> bool:
        return self.bits == other.bits and self.first <= other.first and other.last <= self.last


def _address(text: str) -> _Address | None:
    if "%" in text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _parse_cidr(text: str) -> _Network | None:
    host, slash, length = text.partition("/")
    address = _address(host)
    if not slash or address is None or not _PREFIX.fullmatch(length) or int(length) > address.max_prefixlen:
        return None
    rest = address.max_prefixlen - int(length)
    first = int(address) >> rest << rest
    return _plain(_Network(address.max_prefixlen, first, first + (1 << rest) - 1))


def _plain(network: _Network) -> _Network:
    """As IPv4, if it lies among the IPv4 addresses that are written as IPv6."""
    if network.bits == 128 and network.first >= _MAPPED and network.last < _MAPPED + _V4_BITS:
        return _Network(32, network.first - _MAPPED, network.last - _MAPPED)
    return network


def _network(value: Any) -> _Network:
    text = string(value, 1)
    found = _parse_cidr(text)
    if found is None:
        raise BuiltinError(f"invalid CIDR address: {text}")
    return found


def _network_or_address(value: Any) -> _Network:
    text = string(value, 1)
    address = _address(text)
    if address is not None:
        return _plain(_Network(address.max_prefixlen, int(address), int(address)))
    found = _parse_cidr(text)
    if found is None:
        raise BuiltinError(f"not a valid textual representation of an IP address or CIDR: {text}")
    return found


@builtin("net.cidr_contains", arity=2)
@builtin("net.cidr_overlap", arity=2)
def contains(cidr: Any, cidr_or_ip: Any) -> bool:
    """Whether a network contains another, or an address."""
    network = _network(cidr)
    return network.holds(_network_or_address(cidr_or_ip))


@builtin("net.cidr_intersects", arity=2)
def intersects(a: Any, b: Any) -> bool:
    """Whether two networks have addresses in common."""
    one, other = _network(a), _network(b)
    return one.holds(other) or other.holds(one)


@builtin("net.cidr_is_valid", arity=1)
def is_valid(cidr: Any) -> bool:
    """Whether it is a network in CIDR notation."""
    return type(cidr) is str and _parse_cidr(cidr) is not None


@builtin("net.cidr_contains_matches", arity=2, context=True)
def contains_matches(context: BuiltinContext, cidrs: Any, cidrs_or_ips: Any) -> RegoSet:
    """The pairs of places (index, key, or the string itself) where a network contains what stands at the other."""
    found = RegoSet()
    for cidr, place in _places(1, cidrs):
        inner = list(_places(2, cidrs_or_ips))
        context.charge(len(inner))
        for candidate, other_place in inner:
            if contains(cidr, candidate):
                found.add([place, other_place])
    return found


def _places(position: int, value: Any) -> Iterator[tuple[Any, Any]]:
    """The networks or addresses of an operand, each with the place that the result names."""
    if type(value) is str:
        yield value, value
    elif type(value) is list:
        for index, item in enumerate(value):
            yield _element(position, item), index
    elif type(value) is RegoSet:
        for item in value:
            yield _element(position, item), item
    elif type(value) is dict:
        for name, item in pairs(value):
            yield _element(position, item), name


def _element(position: int, item: Any) -> Any:
    if type(item) is str:
        return item
    if type(item) is list and item:
        return item[0]
    raise BuiltinError(f"operand {position}: element must be string or non-empty array")


@builtin("net.cidr_expand", arity=1, context=True)
def expand(context: BuiltinContext, cidr: Any) -> RegoSet:
    """Every address of a network."""
    network = _network(cidr)
    size = network.last - network.first + 1
    if size > _MAX_EXPANSION:
        raise BuiltinLimit(
            f"a network of more than {_MAX_EXPANSION} addresses is refused: take a smaller one"
        )
    context.charge(size)
    form = ipaddress.IPv4Address if network.bits == 32 else ipaddress.IPv6Address
    return RegoSet(str(form(number)) for number in range(network.first, network.last + 1))


@builtin("net.cidr_merge", arity=1)
def merge(cidrs: Any) -> RegoSet:
    """The fewest networks that cover those given; a single IPv4 address stands for its old class A, B or C."""
    if type(cidrs) is not list and type(cidrs) is not RegoSet:
        raise BuiltinError("operand must be an array")
    labelled = sorted(map(_labelled, cidrs), key=lambda entry: (entry[0].last, entry[0].first))
    merged: list[tuple[_Network, str | None]] = []
    for network, label in reversed(labelled):
        upper = merged[-1][0] if merged else None
        if upper is not None and _before(upper.first) <= network.last:
            merged[-1] = (_Network(128, min(upper.first, network.first), upper.last), None)
        else:
            merged.append((network, label))
    return RegoSet(
        text for network, label in merged for text in (_texts(network) if label is None else [label])
    )


def _before(first: int) -> int:
    """The address before; the lowest of IPv4 and of IPv6 have none but themselves."""
    return first if first in (0, _MAPPED) else first - 1


def _texts(network: _Network) -> Iterator[str]:
    network = _plain(network)
    form = ipaddress.IPv4Address if network.bits == 32 else ipaddress.IPv6Address
    blocks = ipaddress.summarize_address_range(form(network.first), form(network.last))
    return map(str, blocks)


def _labelled(item: Any) -> tuple[_Network, str]:
    """A network, written as IPv6 to compare it with others, and its text when nothing is merged with it."""
    if type(item) is not str:
        raise BuiltinError("element must be string")
    address = _address(item)
    if address is None:
        network = _network(item)
        return _as_v6(network), next(_texts(network))
    plain = _plain(_Network(address.max_prefixlen, int(address), int(address)))
    if plain.bits == 128:
        raise BuiltinError("IPv6 invalid: needs prefix length")
    first_byte = plain.first >> 24
    length = 8 if first_byte < 128 else 16 if first_byte < 192 else 24
    rest = 32 - length
    first = plain.first >> rest << rest
    network = _as_v6(_Network(32, first, first + (1 << rest) - 1))
    return network, f"{ipaddress.IPv4Address(plain.first)}/{length}"


def _as_v6(network: _Network) -> _Network:
    shift = _MAPPED if network.bits == 32 else 0
    return _Network(128, network.first + shift, network.last + shift)
