"""The docstrings of the shells say what every parameter is."""

import inspect
import re

import pytest

import sklearn_3mtl
from sklearn_3mtl.estimators._docs import documented, entries

SHELLS = [
    getattr(sklearn_3mtl, name)
    for name in sklearn_3mtl.__all__
    if inspect.isclass(getattr(sklearn_3mtl, name))
]


def section(cls, title, following):
    doc = inspect.getdoc(cls)
    return entries(doc.split(f"{title}\n{'-' * len(title)}\n")[1].split(f"\n\n{following}\n")[0])


@pytest.mark.parametrize("cls", SHELLS)
def test_every_parameter_in_order_with_its_default(cls):
    parameters = dict(list(inspect.signature(cls.__init__).parameters.items())[1:])
    said = section(cls, "Parameters", "Attributes")
    assert list(said) == list(parameters)
    for name, parameter in parameters.items():
        found = re.search(r"default=(.*)|default is ``(.*?)``|(None), the default", said[name])
        default = next(text for text in found.groups() if text)
        assert default == repr(parameter.default).replace("'", '"'), name


@pytest.mark.parametrize("cls", SHELLS)
def test_attributes_and_nothing_left_open(cls):
    said = section(cls, "Attributes", "Examples")
    assert {"tasks_", "groups_", "history_", "n_iter_", "chosen_"} <= set(said)
    assert ("classes_" in said) == (not cls.__name__.endswith("Regressor"))
    doc = inspect.getdoc(cls)
    assert not re.search(r"\{(parameters|attributes|mixed)\}", doc)


def test_a_shell_without_a_docstring_stays_one():
    class Bare:
        __doc__ = None

    assert documented("mixed")(Bare).__doc__ is None
