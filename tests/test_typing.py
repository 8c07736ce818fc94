"""The type checker refuses a parameter that there is none of."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """
from sklearn_3mtl.adapting.plan import AdaptPlan
from sklearn_3mtl.fitting.plan import Plan
from sklearn_3mtl.settings import Settings


def read(settings: Settings, plan: Plan, adapting: AdaptPlan) -> None:
    {line}
"""
RIGHT = [
    "rate: float = plan.training.lr",
    "width: int = plan.network.widths[0]",
    "sharing = settings.sharing",
    "steps: int | None = adapting.tuning.n_steps",
]
WRONG = {
    "plan.training.leraning_rate": '"TrainingPlan" has no attribute "leraning_rate"',
    "plan.network.width": '"NetworkPlan" has no attribute "width"',
    "settings.droput": '"Settings" has no attribute "droput"',
    "adapting.tuning.steps": '"TuningPlan" has no attribute "steps"',
    "Settings(droput=0.1)": 'Unexpected keyword argument "droput" for "Settings"',
    "Settings(dropout=[0.1])": "incompatible type",
    "steps: int = settings.adapt_steps": "Incompatible types in assignment",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture(scope="module")
def checked(tmp_path_factory, cache):
    """What mypy says of each line."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("programs")
    lines = [*RIGHT, *WRONG]
    files = [folder / f"program_{number}.py" for number in range(len(lines))]
    for file, line in zip(files, lines, strict=True):
        file.write_text(PROGRAM.format(line=line), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml"]
    done = subprocess.run(
        [*command, "--cache-dir", cache, *files],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    said = done.stdout.splitlines()
    return {
        line: [told for told in said if file.name in told]
        for line, file in zip(lines, files, strict=True)
    }


@pytest.mark.slow
@pytest.mark.parametrize("line", RIGHT)
def test_a_parameter_of_the_right_name_is_accepted(checked, line):
    assert checked[line] == []


@pytest.mark.slow
@pytest.mark.parametrize("line", WRONG)
def test_a_misspelt_parameter_is_refused(checked, line):
    assert any(WRONG[line] in told for told in checked[line]), checked[line]
