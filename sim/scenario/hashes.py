"""Hashes of files, and of Gridloom's own code and catalog."""

import importlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final

_CODE: Final = ("sim", "forecasting")


@dataclass(frozen=True, slots=True)
class SeedHash:
    """What a run depends on besides its seed, written out once for all seeds.

    Attributes
    ----------
    before : str
        JSON up to the seed.
    after : str
        JSON behind it.
    """

    before: str
    after: str

    def of(self, seed: int) -> str:
        """Return the SHA-256 in hex of everything, with this seed."""
        return sha256(f"{self.before}{seed}{self.after}".encode()).hexdigest()


def seed_hash(parts: Mapping[str, object]) -> SeedHash:
    """Write out what a run depends on, with a gap for the seed.

    Parameters
    ----------
    parts : mapping
        All but the seed, as plain values.

    Returns
    -------
    SeedHash
        Hashes as if ``seed`` stood among the parts, sorted by name.
    """
    marked = json.dumps({**parts, "seed": 0}, sort_keys=True)
    before = json.dumps({key: parts[key] for key in parts if key < "seed"}, sort_keys=True)
    head = before[:-1] + ', "seed": '
    return SeedHash(head, marked[len(head) + 1 :])


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def file_hash(path: Path) -> str:
    """Return the digest of a file; one that has not changed is not read again."""
    state = path.stat()
    return _kept(path, state.st_mtime_ns, state.st_size)


@cache
def code_hash() -> str:
    """Return the hash of Gridloom's code and catalog."""
    return joined(_tree_hash(_folder_of(package)) for package in _CODE)


def joined(parts: Iterable[str]) -> str:
    """Return the hash of several hashes."""
    return sha256("\n".join(parts).encode()).hexdigest()


@lru_cache(maxsize=256)
def _kept(path: Path, _changed_ns: int, _size: int) -> str:
    return digest(path)


def _folder_of(package: str) -> Path:
    return Path(str(importlib.import_module(package).__file__)).parent


def _tree_hash(folder: Path) -> str:
    """Hash names and bytes of a package's code and tables."""
    files = sorted(path for kind in ("*.py", "*.csv") for path in folder.rglob(kind))
    return joined(f"{path.relative_to(folder).as_posix()} {file_hash(path)}" for path in files)
