"""Prototypes and ridge corrections against what they are by definition."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.linear_model import Ridge as PlainRidge

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.meta import META, PLDA, ProtoNet, Ridge
from tests._chains import LAYOUT, chain, parameters, run, support_set

CLASSES = TaskLayout([Task("sold", "binary", [0, 1]), Task("kind", "multiclass", ["a", "b", "c"])])
N_FEATURES = 16


def adapt(method, support, layout=LAYOUT, **net):
    stages = chain(**net)
    state = method.init(stages, N_FEATURES, layout, 0.1, Seed(3))
    state = None if state is None else state.double()
    return stages, state, method.adapt(stages, support, state, 0.1, 1)


def features(stages, x):
    return run([s for s in stages if not s.is_head], parameters(stages), x).detach().numpy()


@pytest.mark.parametrize("n_members", [1, 2])
def test_ridge_fits_what_the_heads_leave_over(n_members):
    support = support_set()
    stages, _, adapted = adapt(Ridge(0.7), support, n_members=n_members)
    outputs = adapted(support.x).detach()
    for task in range(support.n_tasks):
        prior = run(stages, parameters(stages), support.x[task]).detach()
        z = features(stages, support.x[task])
        for member in range(n_members):
            out, own, own_z = (
                (outputs[member, task], prior[member], z[member])
                if n_members > 1
                else (outputs[task], prior, z)
            )
            expected = [own[:, 0], own[:, 1], *own[:, 2:].T]
            means = [own[:, 0], own[:, 1].sigmoid(), *own[:, 2:].softmax(1).T]
            with_bias = np.c_[own_z, np.ones(len(own_z))]
            for o, column in enumerate([0, 1, 2, 2, 2]):
                y = support.values[task, :, column].numpy()
                target = y if o < 2 else (y == o - 2).astype(float)
                weight = support.weight[task, :, column].numpy()
                if weight.any():
                    solved = PlainRidge(alpha=0.7, fit_intercept=False).fit(
                        with_bias, target - means[o].numpy(), sample_weight=weight
                    )
                    scale = 1.0 if o == 0 else 4.0
                    correction = torch.from_numpy(solved.predict(with_bias))
                    expected[o] = expected[o] + scale * correction
            torch.testing.assert_close(out, torch.stack(expected, 1), rtol=1e-6, atol=1e-7)


def test_prototypes_are_class_means():
    support = support_set(layout=CLASSES)
    stages, state, adapted = adapt(ProtoNet(), support, CLASSES)
    outputs = adapted(support.x).detach()
    prior = state.prototypes.detach().numpy()
    for task in range(support.n_tasks):
        z = features(stages, support.x[task])

        def distance(column, label, fallback, z=z, task=task):
            weight = support.weight[task, :, column].numpy()
            weight = weight * (support.values[task, :, column].numpy() == label)
            mean = weight @ z / weight.sum() if weight.any() else fallback
            return ((z - mean) ** 2).sum(1)

        margin = distance(0, 0, prior[1, 0]) - distance(0, 1, prior[0, 0])
        np.testing.assert_allclose(outputs[task, :, 0], margin, rtol=1e-6, atol=1e-8)
        far = np.stack([distance(1, k, prior[0, 1 + k]) for k in range(3)], 1)
        softmax = np.exp(-far) / np.exp(-far).sum(1, keepdims=True)
        np.testing.assert_allclose(outputs[task, :, 1:].softmax(1), softmax, rtol=1e-6)


WITH_PRIOR = [name for name in META if name != "plda"]


@pytest.mark.parametrize("name", WITH_PRIOR)
def test_a_task_without_support_is_the_prior(name):
    layout = CLASSES if name == "protonet" else LAYOUT
    support = support_set(layout=layout)
    support.weight[0] = 0.0
    other = support_set(layout=layout, seed=8)
    other.weight[0] = 0.0
    alike = []
    for given in (support, other):
        _, _, adapted = adapt(META[name](), given, layout)
        alike.append(adapted(support.x)[0])
    torch.testing.assert_close(*alike, rtol=1e-12, atol=1e-12)
    if name != "protonet":
        stages = chain()
        plain = run(stages, parameters(stages), support.x[0])
        torch.testing.assert_close(alike[0], plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", WITH_PRIOR)
def test_a_task_adapts_as_it_would_alone(name):
    layout = CLASSES if name == "protonet" else LAYOUT
    support = support_set(layout=layout)
    some = torch.tensor([3, 1])
    _, _, together = adapt(META[name](), support, layout)
    _, _, alone = adapt(META[name](), support.of(some), layout)
    wanted = together(support.x)[some]
    torch.testing.assert_close(alone(support.x[some]), wanted, rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(together.of(some)(support.x[some]), wanted, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("method", [Ridge(), ProtoNet(), PLDA()])
def test_classes_drawn_for_a_task_have_no_prior(method):
    """The order of the classes, which episodes draw, says nothing."""
    layout = TaskLayout([Task("kind", "multiclass", ["a", "b", "c"])])
    support = support_set(layout=layout)
    object.__setattr__(support, "draws_classes", True)
    support.weight.fill_(1.0)
    _, _, adapted = adapt(method, support, layout)
    outputs = adapted(support.x)
    turned = support.of(torch.arange(support.n_tasks))
    turned.values.copy_((support.values + 1) % 3)
    _, _, again = adapt(method, turned, layout)
    torch.testing.assert_close(again(support.x), outputs.roll(1, -1), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_members", [1, 2])
def test_ridge_of_drawn_classes_reads_features_and_inputs(n_members):
    layout = TaskLayout([Task("kind", "multiclass", ["a", "b", "c"])])
    support = support_set(layout=layout)
    object.__setattr__(support, "draws_classes", True)
    stages, _, adapted = adapt(Ridge(0.7), support, layout, n_members=n_members)
    outputs = adapted(support.x).detach().reshape(n_members, *support.x.shape[:2], 3)
    for task in range(support.n_tasks):
        there = support.weight[task, :, 0].numpy() > 0
        z = features(stages, support.x[task]).reshape(n_members, len(there), -1)
        for member in range(n_members):
            views = []
            for view in (z[member], support.x[task].numpy()):
                centred = view - view[there].mean(0)
                views.append(centred / np.sqrt(np.square(centred[there]).sum(1).mean()))
            seen = np.c_[*views, np.ones(len(there))]
            own = (support.values[task, :, :1].numpy() == np.arange(3)).astype(float)
            solved = PlainRidge(alpha=0.7, fit_intercept=False).fit(
                seen[there], own[there] - 1 / 3, sample_weight=support.weight[task, there, 0]
            )
            np.testing.assert_allclose(
                outputs[member, task], 4.0 * solved.predict(seen), rtol=1e-6, atol=1e-7
            )


def test_regressions_have_no_prototypes():
    with pytest.raises(ValueError, match=r"knows classes only.*'price'.*meta='ridge'"):
        ProtoNet().refuse(LAYOUT)
    ProtoNet().refuse(CLASSES)


def test_a_penalty_that_is_none():
    with pytest.raises(ValueError, match=r"`penalty` of Ridge should be > 0\. Found 0"):
        Ridge(0).init(chain(), N_FEATURES, LAYOUT, 0.1, Seed(0))


class Encoded:
    """Encoded rows of some units, as training rows and as the network that reads them."""

    def __init__(self, stages, x, unit):
        self.chain, self.x, self.unit = stages, x, unit

    def by_unit(self, most):
        return {"x": self.x[:most]}, self.unit[:most]

    def encode(self, inputs):
        return inputs["x"].unsqueeze(0)

    def stages(self):
        return self.chain

    def eval(self):
        return self


def before_epoch(method, stages, x, unit, state):
    """Let the method's terms update its state from rows of some classes."""
    rows = Encoded(stages, x, unit)
    for term in method.terms(state):
        term.before_epoch(rows, rows)


@pytest.mark.parametrize("n_members", [1, 2])
def test_plda_is_bayes_rule_for_gaussian_classes(n_members):
    layout = TaskLayout([Task("kind", "multiclass", ["a", "b", "c"])])
    method, stages = PLDA(shrinkage=0.4), chain(n_members=n_members)
    state = method.init(stages, N_FEATURES, layout, 0.1, Seed(3)).double()
    draw = torch.Generator().manual_seed(0)
    unit = torch.randint(5, (200,), generator=draw)
    support = support_set(layout=layout)
    x = torch.randn(200, support.x.shape[-1], generator=draw, dtype=torch.float64)
    before_epoch(method, stages, x + 0.5 * unit[:, None], unit, state)
    object.__setattr__(support, "draws_classes", True)
    adapted = method.adapt(stages, support, state, 0.1, 1)
    outputs = adapted(support.x).detach().reshape(n_members, *support.x.shape[:2], 3)
    seen = features(stages, x + 0.5 * unit[:, None]).reshape(n_members, 200, -1)
    for member, z in enumerate(seen):
        classes = [z[unit.numpy() == u] for u in range(5)]
        means = np.stack([c.mean(0) for c in classes])
        centred = np.concatenate([c - c.mean(0) for c in classes])
        within = centred.T @ centred / 195
        within = 0.6 * within + 0.4 * np.trace(within) / N_FEATURES * np.eye(N_FEATURES)
        between = np.cov(means.T)
        share = np.trace(np.linalg.solve(within, between)) / N_FEATURES
        between = between + share * within
        for task in range(support.n_tasks):
            weight = support.weight[task, :, 0].numpy()
            own = features(stages, support.x[task]).reshape(n_members, len(weight), -1)[member]
            found = []
            for label in range(3):
                mass = weight * (support.values[task, :, 0].numpy() == label)
                count = mass.sum()
                gain = between @ np.linalg.inv(between + within / max(count, 1e-9))
                off = (mass @ own / count if count else z.mean(0)) - z.mean(0)
                gaussian = multivariate_normal(
                    z.mean(0) + gain @ off, within + between - gain @ between
                )
                found.append(gaussian.logpdf(own))
            wanted = np.stack(found, 1) / N_FEATURES**0.25
            wanted -= wanted.mean(1, keepdims=True)
            ours = outputs[member, task] - outputs[member, task].mean(1, keepdims=True)
            np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)


def test_plda_of_classes_that_do_not_differ_and_of_constant_features():
    layout = TaskLayout([Task("kind", "multiclass", ["a", "b", "c"])])
    method, stages, support = PLDA(), chain(), support_set(layout=layout)
    object.__setattr__(support, "draws_classes", True)
    state = method.init(stages, N_FEATURES, layout, 0.1, Seed(3)).double()
    for x in (torch.zeros(40, support.x.shape[-1]).double(), support.x[0, :1].repeat(40, 1)):
        before_epoch(method, stages, x, torch.arange(40) % 4, state)
        assert method.adapt(stages, support, state, 0.1, 1)(support.x).isfinite().all()
    with pytest.raises(ValueError, match=r"`shrinkage` of PLDA should be in \(0, 1\]. Found 0"):
        PLDA(shrinkage=0).init(stages, N_FEATURES, layout, 0.1, Seed(3))
