"""The picture holds: imports run downwards, and importing changes nothing."""

import ast
import subprocess
import sys
import tokenize
from collections import Counter
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import sklearn_3mtl
from sklearn_3mtl.balancing import BALANCING
from sklearn_3mtl.core.fusion import FUSION
from sklearn_3mtl.data.kinds import ANY_CLASSES, KINDS
from sklearn_3mtl.meta import META
from sklearn_3mtl.sharing import SHARING
from sklearn_3mtl.transfer import DOMAIN_LOSSES, STRATEGIES

ROOT = Path(sklearn_3mtl.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# The rooms, lowest first, and the rooms below that each may import.
ALLOWED = {
    "data": set(),
    "datasets": set(),
    "rows": set(),
    "inputs": {"data"},
    "metrics": {"data"},
    "model_selection": {"data"},
    "inspection": {"data", "metrics"},
    "core": {"data", "rows"},
    "sharing": {"data", "core"},
    "balancing": {"data", "core"},
    "meta": {"data", "rows", "core"},
    "transfer": {"data", "core"},
    "objective": {"data", "rows", "core", "sharing", "balancing", "meta", "transfer"},
    "prior": {"data", "core", "inputs"},
    "settings": {"data", "core", "prior", "sharing", "balancing", "meta", "transfer", "objective"},
    "training": {"data", "rows", "core", "objective", "settings"},
    "fitted": {
        "data", "rows", "inputs", "core", "prior", "meta", "transfer", "objective", "settings",
        "training",
    },
    "fitting": {
        "data", "rows", "inputs", "core", "prior", "sharing", "balancing", "meta", "transfer",
        "objective", "settings", "training", "fitted",
    },
    "adapting": {
        "data", "rows", "inputs", "core", "prior", "balancing", "meta", "transfer", "objective",
        "settings", "training", "fitted", "fitting",
    },
    "saving": {
        "data", "inputs", "core", "prior", "sharing", "balancing", "meta", "transfer", "objective",
        "settings", "fitted", "fitting", "adapting",
    },
    "estimators": {
        "data", "metrics", "core", "sharing", "balancing", "meta", "transfer", "settings",
        "fitted", "fitting", "adapting", "saving",
    },
    "__init__": {"data", "estimators"},
}  # fmt: skip
PICTURE = "The rooms, lowest first:\n" + "\n".join(
    f"  {room}: {', '.join(sorted(below, key=list(ALLOWED).index)) or 'nothing'}"
    for room, below in ALLOWED.items()
)

LARGEST_ROOM = 0.18
MOST_LINES = 300
MOST_PARAMETERS = 8
MOST_RETURNED = 3
MOST_ANY = 5 / 1000
# `Json` is an alias of Any.
VAGUE = ("Any", "Json")

# Rooms of functions that users call, whose parameters are as many as they need.
CALLED_BY_USERS = ("datasets", "inspection", "metrics", "model_selection")
# Short names of plug-ins by the room that may tell them apart.
SHORT_NAMES = {
    "meta": set(META),
    "balancing": set(BALANCING),
    "sharing": set(SHARING),
    "transfer": {*STRATEGIES, *DOMAIN_LOSSES},
    "core": set(FUSION),
}


def room_of(path):
    """The room of the picture that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def label(path):
    return path.relative_to(ROOT).as_posix()


def imported(tree, path):
    """Each name that a file imports from the package, wherever in it, with the module's path."""
    package = ["sklearn_3mtl", *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "sklearn_3mtl")


@cache
def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def n_lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(tree):
    """Each function of a file, with the class around it or None."""
    todo = [(tree, None)]
    while todo:
        node, cls = todo.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield child, cls
            of_class = cls if isinstance(node, ast.ClassDef) else None
            todo.append((child, child if isinstance(child, ast.ClassDef) else of_class))


def test_the_walk_finds_the_package():
    assert {room_of(path) for path in MODULES} == set(ALLOWED), PICTURE
    reading = ROOT / "metrics" / "reading.py"
    assert "sklearn_3mtl.data.tasks.Task" in set(imported(parse(reading), reading))


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_imports_run_downwards_only(path):
    room = room_of(path)
    for name in imported(parse(path), path):
        used = name.split(".")[1]
        assert used == room or used in ALLOWED[room], f"{label(path)} imports {name}\n{PICTURE}"


def test_the_picture_has_no_arrow_up_and_no_circle():
    rooms = list(ALLOWED)
    for number, (room, below) in enumerate(ALLOWED.items()):
        assert below <= set(rooms[:number]), f"{room} imports rooms above it\n{PICTURE}"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_underscored_modules_stay_in_their_room(path):
    for name in imported(parse(path), path):
        _, room, *inside = name.split(".")
        if room != room_of(path):
            private = [part for part in inside if part.startswith("_")]
            assert not private, f"{label(path)} imports {name}"


def test_no_room_holds_most_of_the_package():
    rooms = Counter()
    for path in MODULES:
        rooms[room_of(path)] += n_lines(path)
    shares = {room: n / rooms.total() for room, n in rooms.most_common()}
    shown = "\n".join(f"{room}: {share:.1%}" for room, share in shares.items())
    assert max(shares.values()) <= LARGEST_ROOM, shown


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_files_are_short(path):
    assert n_lines(path) <= MOST_LINES


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_functions_below_the_shells_have_few_parameters(path):
    for function, cls in functions(parse(path)):
        if room_of(path) == "estimators" and function.name == "__init__":
            continue
        if cls is None and room_of(path) in CALLED_BY_USERS and function.name in public_of(path):
            continue
        given = function.args
        names = [arg.arg for arg in [*given.posonlyargs, *given.args, *given.kwonlyargs]]
        names = names[1:] if cls is not None and names[:1] in (["self"], ["cls"]) else names
        count = len(names) + (given.vararg is not None) + (given.kwarg is not None)
        where = f"{label(path)}:{function.lineno}: {function.name}"
        assert count <= MOST_PARAMETERS, f"{where} has {count} parameters"


def public_of(path):
    """The names that the room of a file hands to users."""
    return import_module(f"sklearn_3mtl.{room_of(path)}").__all__


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_what_functions_return_is_named_where_it_is_much(path):
    for function, _ in functions(parse(path)):
        for node in ast.walk(function.returns or ast.Pass()):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "tuple":
                parts = getattr(node.slice, "elts", [])
                where = f"{label(path)}:{function.lineno}: {function.name}"
                assert len(parts) <= MOST_RETURNED, f"{where} returns {ast.unparse(node)}"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_methods_are_not_told_apart_by_name(path):
    # "auto" is a value of many parameters besides a strategy's name.
    names = set().union(*(v for room, v in SHORT_NAMES.items() if room != room_of(path))) - {"auto"}
    for node in ast.walk(parse(path)):
        compared = []
        if isinstance(node, ast.Compare):
            compared = [node.left, *node.comparators]
        elif isinstance(node, ast.match_case):
            compared = [node.pattern]
        for part in compared:
            for constant in ast.walk(part):
                if isinstance(constant, ast.Constant) and constant.value in names:
                    raise AssertionError(f"{label(path)}:{constant.lineno}: {constant.value!r}")


def test_types_are_said():
    vague = []
    for path in MODULES:
        with path.open("rb") as file:
            lines = {
                token.start[0] for token in tokenize.tokenize(file.readline)
                if token.type == tokenize.NAME and token.string in VAGUE
            }  # fmt: skip
        vague += [f"{label(path)}:{line}" for line in sorted(lines)]
    most = MOST_ANY * sum(map(n_lines, MODULES))
    assert len(vague) <= most, f"{len(vague)} lines say Any, {most:.0f} may:\n" + "\n".join(vague)


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
        if isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in assigned(node)
    ]
    assert len(lists) == 1, f"{label(path)} should have one __all__"
    statements = list(tree.body)
    for node in tree.body:
        statements += [*node.body, *node.orelse] if isinstance(node, ast.If) else []
    defined = {
        node.name for node in statements if isinstance(node, ast.ClassDef | ast.FunctionDef)
    } | {name for node in statements for name in assigned(node)}
    names = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(lists[0]) <= defined | names


def assigned(node):
    """The names that a statement assigns to."""
    targets = getattr(node, "targets", [node.target] if isinstance(node, ast.AnnAssign) else [])
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(parse(path))


# What may be said of a target; only the kinds themselves know each other by name.
KIND_NAMES = {*KINDS, ANY_CLASSES}
# The tables of parameters, which say what the shells of each kind of target document.
TABLES = "settings/parameters/"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if not label(p).startswith(("data/kinds/", TABLES))], ids=label
)
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
    assert not named, named


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
