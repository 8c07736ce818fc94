"""Each kind's losses, predictions and scores, against numbers by hand."""

import numpy as np
import pytest
import sklearn.metrics as sk
import torch
from sklearn.base import clone

from sklearn_3mtl.data.kinds import (
    KINDS,
    Binary,
    Kind,
    Multiclass,
    Regression,
    agrees,
    declared_kind,
    is_of_numbers,
)


def test_the_short_names():
    assert {name: kind().name for name, kind in KINDS.items()} == {name: name for name in KINDS}
    assert list(KINDS) == ["regression", "binary", "multiclass"]


def test_losses_by_hand():
    two = torch.tensor([[[1.0], [-2.0]]])
    values = torch.tensor([[0.5, 1.0]])
    assert Regression().losses(two, values).tolist() == [[0.25, 9.0]]
    assert Regression("huber").losses(two, values).tolist() == [[0.125, 2.5]]
    expected = [[np.log1p(np.exp(-1)), np.log1p(np.exp(2))]]
    found = Binary().losses(two, torch.ones(1, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    logits = torch.tensor([[[0.0, 1.0, -torch.inf], [0.0, 0.0, 0.0]]])
    found = Multiclass().losses(logits, torch.tensor([[1.0, 2.0]]))
    np.testing.assert_allclose(found, [[np.log1p(np.exp(-1)), np.log(3)]], rtol=1e-6)


@pytest.mark.parametrize("kind", [Regression(), Regression("huber"), Binary(), Multiclass()])
def test_any_axes_may_stand_before_the_tasks(kind):
    width = 3 if isinstance(kind, Multiclass) else 1
    outputs, values = torch.randn(2, 4, 5, 2, width), torch.randint(2, (2, 4, 5, 2)).float()
    losses = kind.losses(outputs, values)
    assert losses.shape == values.shape
    assert torch.equal(losses[1, 2], kind.losses(outputs[1, 2], values[1, 2]))
    assert kind.decode(outputs).shape == values.shape


def test_predictions_by_hand():
    assert Regression().decode(torch.tensor([[1.5]])).tolist() == [1.5]
    assert Binary().decode(torch.tensor([[0.1], [-0.1]])).tolist() == [True, False]
    assert Multiclass().decode(torch.tensor([[0.1, 3.0, -1.0]])).tolist() == [1]
    assert Regression().probabilities(np.zeros((2, 1))) is None
    np.testing.assert_allclose(Binary().probabilities(np.log([[3.0]])), [[0.25, 0.75]])
    logs = np.log([[0.2, 0.3, 0.5]])
    np.testing.assert_allclose(Multiclass().probabilities(logs), [[0.2, 0.3, 0.5]])


@pytest.mark.parametrize(
    ("kind", "n_classes"), [(Binary(), 2), (Multiclass(), 2), (Multiclass(), 4)]
)
def test_log_probabilities_and_back(kind, n_classes):
    p = np.random.default_rng(0).dirichlet(np.ones(n_classes), 6)
    np.testing.assert_allclose(kind.probabilities(kind.outputs_of_log_probabilities(np.log(p))), p)


def test_members_are_averaged_as_predictions():
    numbers = torch.tensor([1.0, 4.0]).view(2, 1, 1, 1)
    assert Regression().combine(numbers).tolist() == [[[2.5]]]
    logits = torch.logit(torch.tensor([0.2, 0.6])).view(2, 1, 1, 1)
    torch.testing.assert_close(Binary().combine(logits).sigmoid(), torch.full((1, 1, 1), 0.4))
    p = torch.tensor([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    found = Multiclass().combine(p.log().view(2, 1, 1, 3)).softmax(-1)
    torch.testing.assert_close(found, p.mean(0).view(1, 1, 3))


def test_members_of_unequal_shares_are_averaged_as_predictions():
    shares = torch.tensor([[0.25], [0.75]])
    numbers = torch.tensor([1.0, 4.0]).view(2, 1, 1, 1)
    assert Regression().combine(numbers, shares).tolist() == [[[3.25]]]
    logits = torch.logit(torch.tensor([0.2, 0.6])).view(2, 1, 1, 1)
    found = Binary().combine(logits, shares).sigmoid()
    torch.testing.assert_close(found, torch.full((1, 1, 1), 0.5))
    p = torch.tensor([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    found = Multiclass().combine(p.log().view(2, 1, 1, 3), shares).softmax(-1)
    torch.testing.assert_close(found, (shares * p).sum(0).view(1, 1, 3))


def test_scores_are_scikit_learns():
    random = np.random.default_rng(0)
    weight = random.uniform(size=(40, 2))
    weight[::5] = 0
    numbers, guesses = random.normal(size=(2, 40, 2))
    labels, logits = random.integers(0, 3, (40, 2)), random.normal(size=(40, 2, 3))
    tensors = [torch.from_numpy(a) for a in (guesses[..., None], numbers, weight)]
    np.testing.assert_allclose(
        Regression().score(*tensors),
        [sk.r2_score(numbers[:, t], guesses[:, t], sample_weight=weight[:, t]) for t in range(2)],
    )
    tensors = [torch.from_numpy(a) for a in (logits, labels, weight)]
    expected = [
        sk.accuracy_score(labels[:, t], logits[:, t].argmax(1), sample_weight=weight[:, t])
        for t in range(2)
    ]
    np.testing.assert_allclose(Multiclass().score(*tensors), expected)
    assert Regression().score(*(torch.ones(3, 1, *s) for s in [(1,), (), ()])).isnan().all()


def test_numbers_are_standardised_and_classes_are_not():
    numbers = np.array([1e300, -1e300, 0.0])
    center, scale = Regression().center_and_scale(numbers, np.ones(3))
    assert center == 0
    assert scale == pytest.approx(np.sqrt(2 / 3) * 1e300)
    assert Regression().center_and_scale(np.full(3, 7.0), np.ones(3))[0] == 7
    assert Kind.center_and_scale(Binary(), numbers, np.ones(3)) == (0, 1)


def test_kinds_are_equal_where_class_and_parameters_are():
    assert Regression() == Regression("squared_error") == clone(Regression())
    assert Regression() != Regression("huber")
    assert Binary() != Multiclass()
    assert len({Binary(), Binary(), Multiclass()}) == 2
    assert Regression() != "regression"


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match=r"`loss` of Regression .*'huber'.* Found 'absolute'"):
        Regression("absolute").refuse("price", np.ones(2))


def test_names_and_instances_are_read_alike():
    assert declared_kind("y", "classification", 2) == Binary()
    assert declared_kind("y", "classification", 3) == Multiclass()
    assert declared_kind("y", "regression", 3, "huber") == Regression("huber")
    assert declared_kind("y", Regression("huber"), 3) == Regression("huber")
    assert agrees("classification", Binary())
    assert agrees(Regression("huber"), Regression("huber"))
    assert not agrees(Regression("huber"), Regression())
    assert not agrees("multiclass", Binary())
    assert is_of_numbers("regression")
    assert is_of_numbers(Regression())
    assert not is_of_numbers("classification")
    assert not is_of_numbers(Multiclass())


def test_two_classes_may_have_an_output_each():
    assert Binary().with_output_per_class() == Multiclass() == Multiclass().with_output_per_class()
    assert Binary().n_outputs(np.arange(2)) == 1
    assert Multiclass().n_outputs(np.arange(2)) == 2
