"""A work budget for derivations: SymPy may search without end, and then a refusal says so."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: What a derivation may take.
SECONDS = 40.0
#: The most labels over which an exact sum, minimum or witness is written out.
MOST_LABELS = 2000


class _SpentError(BaseException):
    """Raised inside the derivation; no handler of `Exception` swallows it."""


@contextmanager
def budget(refusal: Callable[[], Exception], seconds: float | None = None) -> Iterator[None]:
    """Stop the block when the time is spent, and raise the refusal instead.

    SymPy has no counter of its work and runs as Python code in this thread; a second thread raises
    an exception in it, again and again until it arrives (it is lost inside a finaliser).

    Parameters
    ----------
    refusal : callable
        Makes the exception that says what was refused.
    seconds : float, optional
        `SECONDS` when None.

    Examples
    --------
    >>> with budget(lambda: ValueError("over"), 5):
    ...     1 + 1
    2
    """
    me, over = threading.get_ident(), threading.Event()
    lock, sent = threading.Lock(), [0]

    def watch() -> None:
        wait = SECONDS if seconds is None else seconds
        while not over.wait(wait):
            with lock:
                if not over.is_set():
                    sent[0] += 1
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(me), ctypes.py_object(_SpentError)
                    )
            wait = 1.0

    watcher = threading.Thread(target=watch, name="symbolic budget", daemon=True)
    watcher.start()
    arrived = False
    try:
        try:
            yield
        except _SpentError:
            arrived = True
            raise
        finally:
            with lock:
                over.set()
            if sent[0] and not arrived:  # on its way: let it arrive here
                time.sleep(0.05)
    except _SpentError:
        raise refusal() from None
