"""Digests: equal documents agree, different documents never do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.documents.canonical import canonical_bytes, digest, digest_text

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "tokens" / "rfc8785" / "testdata"

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


def test_the_order_of_keys_does_not_matter() -> None:
    assert digest({"a": 1, "b": [True, None]}) == digest({"b": [True, None], "a": 1})


def test_a_digest_is_the_sha256_of_the_canonical_form() -> None:
    expected = hashlib.sha256(b'{"a":1,"b":"\xc3\xa9"}').hexdigest()
    assert digest({"b": "é", "a": 1}) == f"sha256:{expected}"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (2**53, 2**53 + 1),
        (10**40, 10**40 + 1),
        (1, "1"),
        (True, 1),
        (None, "null"),
        (float("nan"), "nan"),
        ("\udc80", "\\udc80"),
        ("\udc80", "\ufffd"),
        (["a", "b"], ["ab"]),
        ({"a": None}, {}),
    ],
)
def test_different_documents_have_different_digests(left: object, right: object) -> None:
    assert digest({"value": left}) != digest({"value": right})


@pytest.mark.parametrize("character", [chr(code) for code in (*range(0x80), 0x2028, 0x1F600)])
def test_every_character_is_escaped_as_the_library_does(character: str) -> None:
    document = {f"a{character}": character}
    assert canonical_bytes(document) == rfc8785.dumps(document)


@given(documents)
def test_the_canonical_form_is_json_that_means_the_same(document: object) -> None:
    def exact(value: object) -> object:
        if isinstance(value, dict):
            return {f"${key}" if key.startswith("$") else key: exact(item) for key, item in value.items()}
        if isinstance(value, list):
            return [exact(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53 - 1:
            return {"$integer": str(value)}
        return value

    def number(digits: str) -> int | float:
        # Large integers are tagged, so long digits without a tag were a float.
        return int(digits) if abs(int(digits)) < 2**53 else float(digits)

    assert json.loads(canonical_bytes(document), parse_int=number) == exact(document)


@given(documents)
def test_the_short_way_gives_what_the_library_gives(document: object) -> None:
    expected = rfc8785.dumps(document) if _carries(document) else canonical_bytes(document)
    assert canonical_bytes(document) == expected


def _carries(document: object) -> bool:
    """Tell whether the library alone can write the document, without tags of ours."""
    if isinstance(document, dict):
        return all(not key.startswith("$") and _carries(item) for key, item in document.items())
    if isinstance(document, list):
        return all(map(_carries, document))
    return not isinstance(document, int) or abs(document) < 2**53


def test_texts_with_broken_unicode_stay_apart() -> None:
    assert len({digest_text(text) for text in ("\ud800", "\udc00", "?", "\ufffd", "")}) == 5


def test_the_published_vectors_of_rfc_8785_hold() -> None:
    inputs = sorted((VECTORS / "input").glob("*.json")) if VECTORS.is_dir() else []
    if not inputs:
        pytest.skip("the public RFC 8785 vectors are not beside this checkout")
    for path in inputs:
        expected = (VECTORS / "output" / path.name).read_bytes().strip()
        assert canonical_bytes(json.loads(path.read_text("utf-8"))) == expected, path.name
