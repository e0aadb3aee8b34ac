"""Folders that appear whole or not at all, whatever stops the process."""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sim.errors import DataError

_ELSEWHERE: Final = "Choose another folder with --out."
_NO_ROOM: Final = {
    errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, getattr(errno, "EDQUOT", errno.ENOSPC)
}
_PARTIAL: Final = re.compile(r"\.partial-(?P<name>.+)-(?P<pid>\d+)")
_REPLACED: Final = re.compile(r"\.replaced-(?P<name>.+)-(?P<pid>\d+)")


def open_folder(home: Path) -> Path:
    """Make the folder of a scenario, and remove what dead processes left in it.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    Path
        The same folder.

    Raises
    ------
    DataError
        If it cannot be made or written to.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        for entry in list(home.iterdir()):
            _clean(entry)
        writable = os.access(home, os.W_OK | os.X_OK)
    except OSError as error:
        msg = f"{home}: cannot be used for outputs ({error.strerror}). {_ELSEWHERE}"
        raise DataError(msg) from error
    if not writable:
        msg = f"{home}: cannot be written to. {_ELSEWHERE}"
        raise DataError(msg)
    return home


@contextmanager
def appearing(
    folder: Path, *, whole: Callable[[Path], bool], replace: bool = False
) -> Iterator[Path]:
    """Give a hidden folder on the same file system, and rename it into place if all goes well.

    Parameters
    ----------
    folder : Path
        Where it shall stand.
    whole : callable
        Tells whether a folder that stands there is complete; one that is not always gives way.
    replace : bool
        Whether a complete one gives way too.

    Yields
    ------
    Path
        The hidden folder, empty.

    Raises
    ------
    DataError
        If the disk is full or may not be written to.
    OSError
        If something else goes wrong with files.
    """
    partial = folder.parent / f".partial-{folder.name}-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        _put(partial, folder, stays=whole(folder) and not replace)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        msg = f"{folder}: cannot be written ({error.strerror}). {_ELSEWHERE}"
        raise DataError(msg) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)  # also on Ctrl-C; after success it is not there


def refuse_foreign(out: Path, *, own: Callable[[Path], bool]) -> None:
    """Refuse to replace a folder that holds anything else.

    Parameters
    ----------
    out : Path
        The folder that is to be written.
    own : callable
        Tells whether a folder was written by the same command.

    Raises
    ------
    DataError
        If it is a file, or holds what would be lost.
    """
    fault = None
    if out.exists() and not out.is_dir():
        fault = "is a file"
    elif Path.cwd().is_relative_to(out):
        fault = "is the folder you are in, or holds it"
    elif out.exists() and any(out.iterdir()) and not own(out):
        fault = "holds other files, which would be lost"
    if fault:
        msg = f"{out}: {fault}. {_ELSEWHERE}"
        raise DataError(msg)


def _put(partial: Path, folder: Path, *, stays: bool) -> None:
    """Rename into place; a run that another process finished meanwhile is the same and stays."""
    if not folder.exists():
        try:
            partial.rename(folder)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
        return
    if stays:
        return
    # A folder that is not empty cannot be renamed onto. Should the process die between the two
    # renames, the next start puts the old run back.
    aside = folder.parent / f".replaced-{folder.name}-{os.getpid()}"
    try:
        folder.rename(aside)
        partial.rename(folder)
    except BaseException:
        if aside.exists() and not folder.exists():
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _clean(entry: Path) -> None:
    """Remove a leftover of a process that is no more; put back a run it was about to replace."""
    partial, replaced = _PARTIAL.fullmatch(entry.name), _REPLACED.fullmatch(entry.name)
    found = partial or replaced
    if found is None or _is_alive(int(found["pid"])):
        return
    whole = entry.parent / found["name"]
    if replaced and not whole.exists():
        entry.rename(whole)
    elif entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    """Tell whether another process has this id; our own id on a leftover is a dead one's."""
    if os.name != "posix":
        return True  # signal 0 is no harmless question elsewhere: leave it to the user
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is someone else's
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Tell whether a process is dead and only waits for its parent to ask; known on Linux alone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[:1] == ["Z"]


def replace_text(path: Path, text: str) -> None:
    """Write a file so that it holds the old text or the new, never a part of it."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a hidden file beside a file, and rename it onto that if all goes well.

    Parameters
    ----------
    path : Path
        The file that shall hold the old bytes or the new, never a part of them.

    Yields
    ------
    Path
        The hidden file, not there yet.

    Raises
    ------
    DataError
        If the disk is full or may not be written to.
    OSError
        If something else goes wrong with files.
    """
    partial = path.with_name(f".partial-{path.name}-{os.getpid()}")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        msg = f"{path}: cannot be written ({error.strerror}). {_ELSEWHERE}"
        raise DataError(msg) from error
    finally:
        partial.unlink(missing_ok=True)
