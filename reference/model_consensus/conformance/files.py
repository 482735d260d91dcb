"""Files that appear whole or not at all, and errors that say which file they are about."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give an `OSError` that names no file, such as that of a full disk, the name of ``path``."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.strerror:
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A text file to write, UTF-8 with the newlines as given, that replaces ``path`` at the end.

    Until then it is ``path`` with ``.part`` appended, and an exception removes it.
    """
    draft = path.with_name(path.name + ".part")
    try:
        with naming(path):
            with draft.open("w", encoding="utf-8", newline="") as file:
                yield file
            draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
