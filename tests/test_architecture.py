"""The picture holds: imports run downwards, and importing changes nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_3mtl
from sklearn_3mtl.data.kinds import ANY_CLASSES, KINDS

ROOT = Path(sklearn_3mtl.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# What each part may import of the package besides itself.
ALLOWED = {
    "data": set(),
    "datasets": set(),
    "_persistence": set(),
    "core": {"data"},
    "sharing": {"core", "data"},
    "balancing": {"core", "data"},
    "meta": {"core", "data"},
    "objective": {"meta", "balancing", "sharing", "core", "data"},
    "training": {"objective", "meta", "balancing", "sharing", "core", "data"},
    "metrics": {"data"},
    "transfer": {"core", "data"},
    "model_selection": {"data"},
    "inspection": {"core", "data", "metrics"},
    "estimators": {
        "transfer", "training", "objective", "meta", "balancing", "sharing", "core", "data",
        "metrics", "_persistence",
    },
    "__init__": {"estimators", "data"},
}  # fmt: skip


def part_of(path):
    """The part of the picture that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def label(path):
    return str(path.relative_to(ROOT))


def imported(tree, path):
    """The modules of the package that a file imports, wherever in it."""
    package = ["sklearn_3mtl", *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "sklearn_3mtl":
            yield from (f"sklearn_3mtl.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def test_the_walk_finds_the_package():
    assert {part_of(path) for path in MODULES} >= {"core", "data", "estimators", "__init__"}
    assert "sklearn_3mtl.data.tasks" in set(imported(parse(ROOT / "metrics" / "_reading.py"), ROOT))


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_imports_run_downwards_only(path):
    part = part_of(path)
    assert part in ALLOWED, f"{part!r} is not in the picture: say here what it may import"
    for name in imported(parse(path), path):
        if name.split(".")[0] != "sklearn_3mtl":
            continue
        used = name.split(".")[1]
        assert used == part or used in ALLOWED[part], f"{label(path)} imports {name}"


def test_allowed_imports_make_no_circle():
    rank = {}
    while len(rank) < len(ALLOWED):
        ready = [p for p, below in ALLOWED.items() if p not in rank and below <= set(rank)]
        assert ready, "a circle"
        rank.update(dict.fromkeys(ready, len(rank)))


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_the_global_stream_is_seeded_within_fork_rng_only(path):
    tree = parse(path)
    forks = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.With)
        and any("fork_rng" in ast.unparse(item.context_expr) for item in node.items)
    ]  # fmt: skip
    inside = {id(child) for fork in forks for child in ast.walk(fork)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"np.random.seed", "numpy.random.seed", "random.seed"}, called
            if called == "torch.manual_seed":
                assert id(node) in inside, f"{label(path)}:{node.lineno}"


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if p.name == "__init__.py" or not p.name.startswith("_")],
    ids=label,
)
def test_public_modules_say_what_is_public(path):
    tree = parse(path)
    lists = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert len(lists) == 1, f"{label(path)} should have one __all__"
    defined = {
        node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)
    } | {
        target.id
        for node in tree.body
        for target in getattr(node, "targets", [getattr(node, "target", None)])
        if isinstance(target, ast.Name)
    }
    names = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(lists[0]) <= defined | names


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(parse(path))


# What may be said of a target; only the kinds themselves know each other by name.
KIND_NAMES = {*KINDS, ANY_CLASSES}
# The tables of docstrings, one for each kind of shell.
NAMES_FAMILIES = {"estimators/_docs.py"}


@pytest.mark.parametrize("path", [p for p in MODULES if "data/kinds" not in label(p)], ids=label)
def test_kinds_of_targets_are_named_by_themselves_alone(path):
    tree = parse(path)
    spared = {
        id(constant)
        for node in ast.walk(tree)
        for part in [*getattr(node, "decorator_list", []), *_types(node)]
        for constant in ast.walk(part)
    }
    named = [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in KIND_NAMES and id(node) not in spared
    ]
    assert not named or label(path) in NAMES_FAMILIES, named


def _types(node):
    """The slice of a Literal, which names a type."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
        yield node.slice


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )


def test_importing_loads_nothing_optional_and_changes_no_setting():
    code = """
import random, sys, numpy, torch, sklearn, pandas, skorch
before = (sklearn.get_config(), torch.get_num_threads(), torch.get_default_dtype(),
          torch.are_deterministic_algorithms_enabled(), torch.get_rng_state().tolist(),
          random.getstate(), numpy.random.get_state()[1].tolist())
import sklearn_3mtl, sklearn_3mtl.metrics, sklearn_3mtl.datasets, sklearn_3mtl.model_selection
after = (sklearn.get_config(), torch.get_num_threads(), torch.get_default_dtype(),
         torch.are_deterministic_algorithms_enabled(), torch.get_rng_state().tolist(),
         random.getstate(), numpy.random.get_state()[1].tolist())
assert before == after
loaded = {"matplotlib", "polars", "safetensors.numpy", "hypothesis", "pytest"} & set(sys.modules)
assert not loaded, loaded
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_public_names_are_there():
    for name in sklearn_3mtl.__all__:
        assert hasattr(sklearn_3mtl, name)
    assert sklearn_3mtl.__all__ == sorted(sklearn_3mtl.__all__)
