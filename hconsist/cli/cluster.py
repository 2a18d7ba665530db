"""Work on a Dask cluster: one option, and the context in which joblib sends its tasks there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])

scheduler_option: Callable[[F], F] = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the Dask cluster at this address (needs the dask extra).",
)


@contextmanager
def on_cluster(scheduler: str | None, jobs: int) -> Iterator[int]:
    """The number of jobs for joblib: -1, on the cluster, where an address is given."""
    with ExitStack() as stack:
        if scheduler is not None:
            import joblib

            try:
                from distributed import Client
            except ImportError:
                raise click.UsageError(
                    "--scheduler needs the dask extra: pip install 'hconsist[dask]'"
                ) from None
            stack.enter_context(Client(scheduler))
            stack.enter_context(joblib.parallel_config(backend="dask"))
            jobs = -1
        yield jobs
