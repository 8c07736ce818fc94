"""Signatures, docstrings and constraints of the shells say the same."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints

import sklearn_3mtl
from sklearn_3mtl.settings.names import OPTIMIZERS
from sklearn_3mtl.settings.parameters import parameters_of
from sklearn_3mtl.settings.schedules import LR_SCHEDULES

SHELLS = [
    getattr(sklearn_3mtl, name)
    for name in sklearn_3mtl.__all__
    if inspect.isclass(getattr(sklearn_3mtl, name))
]
ROOT = Path(__file__).parents[1]


def load_generator():
    spec = importlib.util.spec_from_file_location("write_shells", ROOT / "tools/write_shells.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


write_shells = load_generator()
FILES = write_shells.shell_files()


def parameters(cls):
    return {p.name: p for p in inspect.signature(cls).parameters.values()}


def entries(cls, title):
    """The entries of a section of the docstring: heading and text by name."""
    section = inspect.getdoc(cls).split(f"{title}\n{'-' * len(title)}\n")[1].split("\n\n")[0]
    found = {}
    for entry in re.split(r"\n(?=\w+ : )", section):
        heading, text = entry.split("\n", 1)
        found[heading.split(" : ")[0]] = heading, " ".join(text.split())
    return found


def test_the_sources_are_as_the_table_says():
    assert len(FILES) == len(SHELLS) == 12
    assert not list(write_shells.outdated()), "run `make shells`"


@pytest.mark.parametrize(("path", "family", "kinds"), FILES, ids=lambda value: str(value)[-24:])
def test_what_drifted_is_written_anew(path, family, kinds):
    source = path.read_text(encoding="utf-8")
    drifted = [
        source.replace("dropout: float", "dropout: int"),
        source.replace("self.verbose", "self.talks"),
        re.sub(r"\n    verbose : int, default=0\n.*?\n\n", "\n\n", source, flags=re.S),
        source.replace("n_iter_ : int", "n_epochs_ : int"),
    ]
    for other in drifted:
        assert other != source
        assert write_shells.rewritten(other, family, kinds) == source
    assert len(source.splitlines()) <= 300


@pytest.mark.parametrize("cls", SHELLS)
def test_a_signature_of_its_own_with_types_and_keywords_only(cls):
    assert "__init__" in vars(cls)
    for parameter in parameters(cls).values():
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is not parameter.empty
        assert "Any" not in parameter.annotation
    assert cls().get_params(deep=False) == {n: p.default for n, p in parameters(cls).items()}


@pytest.mark.parametrize("cls", SHELLS)
def test_every_parameter_is_documented_in_order_with_its_default(cls):
    said = entries(cls, "Parameters")
    assert list(said) == list(parameters(cls))
    for name, parameter in parameters(cls).items():
        default = re.search(r", default=(.*)", said[name][0])[1]
        assert default == repr(parameter.default).replace("'", '"'), name


@pytest.mark.parametrize("cls", SHELLS)
def test_every_parameter_has_a_constraint_that_its_default_meets(cls):
    constraints = cls._parameter_constraints
    defaults = cls().get_params(deep=False)
    assert set(constraints) == set(defaults)
    validate_parameter_constraints(constraints, defaults, cls.__name__)


@pytest.mark.parametrize("cls", SHELLS)
def test_every_name_none_and_auto_are_explained(cls):
    for name, (heading, text) in entries(cls, "Parameters").items():
        for allowed in cls._parameter_constraints[name]:
            for option in allowed.options if isinstance(allowed, StrOptions) else ():
                assert f'"{option}"' in heading + text, (name, option)
        if '"auto"' in heading:
            assert '"auto"' in text, name
        if "None" in heading:
            assert "None" in text, name


@pytest.mark.parametrize("cls", SHELLS)
def test_attributes(cls):
    said = entries(cls, "Attributes")
    assert {"tasks_", "groups_", "history_", "n_iter_", "chosen_"} <= set(said)
    assert ("classes_" in said) == (not cls.__name__.endswith("Regressor"))


def test_names_are_those_of_the_registries():
    options = {p.name: p.constraint[0].options for p in parameters_of("multitask")
               if isinstance(p.constraint[0], StrOptions)}  # fmt: skip
    assert options["optimizer"] == set(OPTIMIZERS)
    assert options["lr_schedule"] == set(LR_SCHEDULES)
