"""A bounded cache of action documents: the same text is parsed once.

Keys are exact: dialect, search path, catalogue version and the text itself, never a fingerprint or a normalized
form, because those equate statements that differ in what they do (`SET ROLE a` and `SET ROLE b`). The bound is in
bytes of text, counted generously for the documents that hang on it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from policy_engine.documents.action import Action

Key = tuple[str, tuple[str, ...], str, str]
# A document is some times as big as its text: operations, resources and columns are objects.
_BYTES_PER_CHARACTER = 40
_BYTES_PER_ENTRY = 4_096


class ActionCache:
    """Least recently used entries go first once the estimate passes `max_bytes`. Safe to share between threads."""

    def __init__(self, max_bytes: int = 32 * 1024 * 1024) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self._entries: OrderedDict[Key, Action] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Action | None:
        """Return the action for a key, or None."""
        with self._lock:
            action = self._entries.get(key)
            if action is not None:
                self._entries.move_to_end(key)
            return action

    def put(self, key: Key, action: Action) -> None:
        """Keep an action; entries that are too big on their own are not kept."""
        size = _size(key)
        if size > self.max_bytes:
            return
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = action
            self.used_bytes += size
            while self.used_bytes > self.max_bytes:
                old, _ = self._entries.popitem(last=False)
                self.used_bytes -= _size(old)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)


def _size(key: Key) -> int:
    return _BYTES_PER_ENTRY + _BYTES_PER_CHARACTER * len(key[3])
