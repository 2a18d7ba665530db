"""Run coqc on an exported certificate, with the lemmas of proofs/ compiled beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hconsist.errors import EngineCannotAnswerError
from hconsist.exports.coq_terms import refuse


def proofs_folder() -> Path:
    """The Coq sources of the lemmas: in the source tree, or installed with the package."""
    package = Path(__file__).parent.parent
    for folder in (package / "proofs", package.parent / "proofs"):
        if (folder / "Definitions.v").exists():
            return folder
    raise refuse("the folder proofs/ of the Coq sources is not installed with this package")


def _run(
    arguments: list[str], folder: Path, seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds
    )


def compiled_proofs() -> Path:
    """A folder with the compiled lemmas, made once for each version of the sources and of Coq.

    Raises
    ------
    EngineCannotAnswerError
        When coqc, make, coquelicot or coq-interval is not installed, or a file does not compile.
    """
    missing = [tool for tool in ("coqc", "make") if shutil.which(tool) is None]
    if missing:
        raise refuse(
            f"{' and '.join(missing)} not found; on Debian: "
            "apt-get install coq libcoq-interval make"
        )
    sources = proofs_folder()
    files = [*sorted(sources.glob("*.v")), sources / "Makefile"]
    version = _run(["coqc", "--print-version"], sources).stdout
    key = hashlib.sha256(version.encode() + b"".join(f.read_bytes() for f in files)).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hconsist"
    ready = cache / f"proofs-{key[:16]}"
    if ready.exists():
        return ready
    cache.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix="proofs-", dir=cache))
    try:
        for source in files:
            shutil.copy(source, building)
        made = _run(["make", "-s"], building)
        if made.returncode:
            raise _rejected(made, "the lemmas under proofs/ do not compile")
        try:
            building.rename(ready)
        except OSError:  # somebody else was faster
            if not ready.exists():
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return ready


def _rejected(done: subprocess.CompletedProcess[str], message: str) -> EngineCannotAnswerError:
    output = done.stderr + done.stdout
    if "Cannot find a physical path" in output:
        return refuse("coq-interval is not installed; on Debian: apt-get install libcoq-interval")
    return refuse(f"{message}: {output[-2000:]}")


def compile_script(script: Path, seconds: float | None = None) -> str:
    """Compile an exported certificate and return what coqc prints: the axioms it rests on.

    Parameters
    ----------
    script : Path
        A file that `coq_script` wrote, ending in .v. The object file is not kept.
    seconds : float, optional
        Of wall time, at most; without a limit if left out.

    Raises
    ------
    EngineCannotAnswerError
        When Coq is not installed, does not accept the file (its message is in the error), or needs
        more time.
    """
    lemmas = compiled_proofs()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "certificate.v"
        shutil.copy(script, copy)
        command = ["coqc", "-q", "-Q", str(lemmas), "Hconsist", copy.name]
        try:
            done = _run(command, Path(folder), seconds)
        except subprocess.TimeoutExpired as late:
            raise refuse(f"coqc needs more than {seconds:g} seconds") from late
    if done.returncode:
        raise _rejected(done, "coqc does not accept the certificate")
    return done.stdout
