"""Remembers the newest answers; of many threads that want the same one, only the first works for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """At most `size` values by key; the one not asked for longest goes first."""

    def __init__(self, size: int, keeps: Callable[[Value], bool] = lambda value: True) -> None:
        """Start empty.

        Args:
            size: Most values.
            keeps: Whether a value is small enough to remember.
        """
        self._size = size
        self._keeps = keeps
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._working: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of the key, made now unless it is remembered. What `make` raises is raised and not remembered."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            key_lock = self._working.setdefault(key, threading.Lock())
        with key_lock:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            try:
                value = make()
            finally:
                with self._lock:
                    self._working.pop(key, None)
            if self._keeps(value):
                self._remember(key, value)
            return value

    def _remember(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._size:
                self._values.popitem(last=False)
