"""The one-to-one replacement of what regopy would keep as an escape."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.rego.regopy import exact_strings

TEXT = st.text(st.characters(codec="utf-8", max_codepoint=0xEFFFF), max_size=30)


@settings(max_examples=200)
@given(TEXT)
def test_decoding_gives_back_what_was_encoded(text: str) -> None:
    written = json.dumps({text: [text]}, ensure_ascii=False)
    encoded = exact_strings.encode_json(written)
    assert "\\" not in encoded
    assert json.loads(exact_strings.decode_json(encoded)) == {text: [text]}


@settings(max_examples=200)
@given(TEXT)
def test_an_encoded_string_has_its_real_length_and_needs_no_escape(text: str) -> None:
    encoded = exact_strings.encode(text)
    assert len(encoded) == len(text)
    assert json.dumps(encoded, ensure_ascii=False) == f'"{encoded}"'


def test_characters_of_our_own_are_noticed() -> None:
    assert exact_strings.has_private(chr(0xF0000 + ord('"')))
    assert not exact_strings.has_private('é "\\\n')
