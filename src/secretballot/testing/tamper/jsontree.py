"""JSON as a tree that can say what no parser should accept: a member twice, members in another order."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

Path = tuple[int, ...]


class Members(list[list[Any]]):
    """An object as its list of [name, value], in order."""


class Inner(Members):
    """An object that stands as text within a string."""


def parse(text: str | bytes) -> Any:
    """The tree of a body. The ballot within a challenge is a tree of its own, where it is one.

    Raises ValueError for what is no JSON, and RecursionError for what is too deep.
    """
    tree = json.loads(text, object_pairs_hook=lambda pairs: Members([name, value] for name, value in pairs))
    for member in tree if isinstance(tree, Members) else ():
        if member[0] == "ballot" and isinstance(member[1], str):
            with suppress(ValueError, RecursionError):
                inner = parse(member[1])
                member[1] = Inner(inner) if isinstance(inner, Members) else member[1]
    return tree


def dump(value: Any) -> str:
    """The tree as text, in the canonical form wherever the tree has one."""
    if isinstance(value, Inner):
        return json.dumps(dump(Members(value)), ensure_ascii=False)
    if isinstance(value, Members):
        return "{" + ",".join(f"{json.dumps(name)}:{dump(member)}" for name, member in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def paths(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The path and dotted name of every member and list item, at every depth."""
    if not isinstance(value, list):
        return
    for place, item in enumerate(value):
        member = isinstance(value, Members)
        own, name = (item[1], item[0]) if member else (item, str(place))
        yield (*path, place), name
        for below, inner in paths(own, (*path, place)):
            yield below, f"{name}.{inner}"


def get(tree: Any, path: Path) -> Any:
    """The value at a path."""
    for place in path:
        tree = tree[place][1] if isinstance(tree, Members) else tree[place]
    return tree


def put(tree: Any, path: Path, value: Any) -> Any:
    """A copy of the tree with another value at a path."""
    tree = copy.deepcopy(tree)
    holder = get(tree, path[:-1])
    if isinstance(holder, Members):
        holder[path[-1]][1] = value
    else:
        holder[path[-1]] = value
    return tree


def drop(tree: Any, path: Path) -> Any:
    """A copy of the tree without what stands at a path."""
    tree = copy.deepcopy(tree)
    del get(tree, path[:-1])[path[-1]]
    return tree


def repeat(tree: Any, path: Path) -> Any:
    """A copy of the tree with what stands at a path twice."""
    tree = copy.deepcopy(tree)
    holder = get(tree, path[:-1])
    holder.insert(path[-1], copy.deepcopy(holder[path[-1]]))
    return tree
