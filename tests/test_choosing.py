"""The choice of a loss: the table against what is known, and studies over a cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hconsist.choosing import SHOWN, choices, factor, recommendation
from hconsist.cli import main
from hconsist.distributions import UniformNoise
from hconsist.errors import InvalidInputError
from hconsist.simulate.conditional import zero_one_regret


@pytest.mark.parametrize("n", [2, 3, 10])
def test_uniform_noise_shrinks_every_regret_by_the_factor(n: int) -> None:
    random = np.random.default_rng(0)
    p, scores = random.dirichlet(np.ones(n), 50), random.normal(size=(50, n))
    clean, noisy = zero_one_regret(scores, p), zero_one_regret(scores, UniformNoise(0.3)(p))
    assert noisy == pytest.approx(factor(n, 0.3) * clean, abs=1e-12)


def test_the_table_knows_symmetric_bounded_and_slow_losses() -> None:
    specs = ["mae", "logistic", "gce:q=0.7", "nce", "hard-truncated", "sum-exp"]
    rows = {row.loss: row for row in choices(20, 0.3, losses=specs)}
    assert [s for s in specs if rows[s].symmetric] == ["mae", "nce"]
    assert [s for s in specs if rows[s].bounded] == ["mae", "gce:q=0.7", "nce", "hard-truncated"]
    assert rows["mae"].start == pytest.approx(1 / 20)  # softmax 1/n at the start: the slope is u
    assert rows["gce:q=0.7"].start == pytest.approx(20**-0.7)
    assert rows["logistic"].gap == pytest.approx(np.log(20))
    mae = rows["mae"]
    assert mae.proven and mae.bound is not None
    kept = 1 - 0.3 * 20 / 19
    assert SHOWN / kept <= mae.bound <= SHOWN * 20 / kept
    assert recommendation(list(rows.values()), 0.3)[0] == "gce:q=0.7"
    assert recommendation([rows["logistic"]], 0.3) == (
        "",
        "no loss of the table is consistent for the target, bounded, gradient at the start at "
        "least 0.02 of cross-entropy's",
    )


def test_without_noise_the_smallest_bound_wins() -> None:
    rows = list(choices(3, losses=["logistic", "gce:q=0.7"]))
    chosen, _ = recommendation(rows, 0.0)
    assert chosen == min(rows, key=lambda r: float(r.bound or 1)).loss


@pytest.mark.parametrize("n", [1, 0, -3])
def test_one_label_leaves_nothing_to_choose(n: int) -> None:
    with pytest.raises(InvalidInputError, match="n_classes must be >= 2"):
        factor(n, 0.0)


@pytest.mark.parametrize("kind", ["uniform", "pairs"])
def test_too_much_noise_is_refused(kind: str) -> None:
    with pytest.raises(InvalidInputError, match="must lie in"):
        factor(10, 0.95, kind)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="goes with the target"):
        list(choices(2, 0.1, "cost:[[0,2],[1,0]]"))


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["choose", "mae", "gce:q=0.7", "-n", "10", "--noise", "0.3"]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert not left.value.code and "recommended: gce:q=0.7" in capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        main(["choose", "logistic", "--noise", "0.3", "--json", "--kind", "pairs"])
    told = json.loads(capsys.readouterr().out)
    assert left.value.code == 3 and told["recommended"] is None
    assert told["rows"][0]["bound"] is None


@pytest.mark.slow
def test_a_study_on_a_dask_cluster_gives_the_same_files(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    words = ["simulate", "bounds", "--quick", "--seed", "2"]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        far = [*words, "--scheduler", cluster.scheduler_address, "-o", str(tmp_path / "far")]
        codes = [subprocess.run([sys.executable, "-m", "hconsist", *far], check=False).returncode]
    near = [*words, "-o", str(tmp_path / "near")]
    codes.append(subprocess.run([sys.executable, "-m", "hconsist", *near], check=False).returncode)
    assert codes[0] == codes[1]
    for name in ("bounds.csv", "bounds.json", "bounds.svg"):
        assert (tmp_path / "far" / name).read_bytes() == (tmp_path / "near" / name).read_bytes()
