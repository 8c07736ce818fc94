"""Rows of several domains whose features are made alike while training."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_3mtl import (
    MultiTaskClassifier,
    TransferClassifier,
    TransferEstimator,
    TransferRegressor,
    load_estimator,
)
from sklearn_3mtl.fitting.domains import rows_of_domains
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.transfer import CORAL, DANN, MMD

LOSSES = ["dann", "coral", "mmd"]
# Deep CORAL divides by four times the squared number of features.
WEIGHTS = {"dann": 1.0, "coral": 300.0, "mmd": 1.0}
SMALL = {
    "numeric_embedding": None, "hidden_layer_sizes": (32,), "n_estimators": 1, "dropout": 0.0,
    "lr": 0.01, "max_epochs": 100, "batch_size": 64, "random_state": 0,
}  # fmt: skip
QUICK = {**SMALL, "max_epochs": 2}


def shifted(n_source=300, n_target=200, seed=0):
    """One number tells the classes apart everywhere; another in the source, and then moves."""
    random = np.random.default_rng(seed)
    n = n_source + n_target
    hidden = random.choice([0, 1], n)
    domain = np.repeat([0, 1], [n_source, n_target])
    X = random.normal(size=(n, 3))
    X[:, 0] += 2.0 * (2 * hidden - 1)
    X[:, 1] += np.where(domain == 0, 3.0 * (2 * hidden - 1), 4.0)
    y = hidden.astype(float)
    y[domain == 1] = np.nan
    return X, y, domain, hidden


def accuracy(est, X, domain, hidden):
    return (est.predict(X[domain == 1]) == hidden[domain == 1]).mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "early_stopping", "n_seeds", "gain"),
    [
        # The discriminator and the features need more epochs than labels of the source ask for:
        # where these say when to stop, little is gained.
        ("dann", True, 8, 0.01),
        ("dann", False, 8, 0.05),
        ("coral", True, 3, 0.15),
        ("coral", False, 3, 0.2),
        ("mmd", True, 3, 0.2),
        ("mmd", False, 3, 0.2),
    ],
)
def test_better_than_source_only_with_all_else_equal(loss, early_stopping, n_seeds, gain):
    gains = []
    options = {**SMALL, "early_stopping": early_stopping}
    aligning = {"domain_loss": loss, "domain_loss_weight": WEIGHTS[loss]}
    for seed in range(n_seeds):
        X, y, domain, hidden = shifted(seed=seed)
        plain = TransferClassifier(**options).fit(X, y)
        aligned = TransferClassifier(**options, **aligning).fit(X, y, domain=domain)
        gains.append(accuracy(aligned, X, domain, hidden) - accuracy(plain, X, domain, hidden))
    assert np.mean(gains) > gain, gains


@pytest.mark.parametrize("loss", LOSSES)
def test_little_is_lost_where_domains_are_alike_already(loss):
    """Labels that are mostly noise: who trains to the last epoch learns that by heart."""
    lost = []
    for seed in range(3):
        random = np.random.default_rng(seed)
        X, domain = random.normal(size=(1200, 8)), np.repeat([0, 1], [200, 1000])
        y = X[:, 0] + 2 * random.normal(size=1200)
        source, target = domain == 0, domain == 1
        options = {"max_epochs": 60, "n_estimators": 2, "random_state": seed}
        plain = TransferRegressor(**options).fit(X[source], y[source])
        aligned = TransferRegressor(domain_loss=loss, **options)
        aligned.fit(X, np.where(source, y, np.nan), domain=domain)
        before, after = (est.score(X[target], y[target]) for est in (plain, aligned))
        lost.append(before - after)
    assert np.mean(lost) < 0.05, lost


@pytest.mark.parametrize("loss", LOSSES)
def test_the_epoch_is_chosen_by_the_whole_of_what_is_trained_for(loss):
    X, y, domain, _ = shifted()
    est = TransferClassifier(domain_loss=loss, **{**SMALL, "max_epochs": 20})
    history = est.fit(X, y, domain=domain).history_
    whole = np.array(history[:, "valid_loss"]) + np.array(history[:, "valid_domain_gap"])
    assert history[:, "valid_loss_best"] == (whole == np.minimum.accumulate(whole)).tolist()
    plain = est.set_params(domain_loss=None).fit(X, y, domain=domain)
    assert "valid_domain_gap" not in plain.history_[0]
    last = est.set_params(domain_loss=loss, early_stopping=False).fit(X, y, domain=domain)
    assert "valid_loss" not in last.history_[0]
    assert last.n_iter_ == 20


@pytest.mark.parametrize("n_domains", [1, 3, 400])
def test_domains_are_compared_on_as_many_rows_of_each(n_domains):
    rare = torch.arange(n_domains)
    domain = torch.cat([torch.zeros(2000, dtype=torch.int64), rare, rare])
    values = torch.arange(float(len(domain)))[:, None]
    chosen = rows_of_domains(RowDataset({}, values, domain=domain))
    counts = torch.bincount(chosen.domain[chosen.rows], minlength=n_domains)
    assert counts[1:].eq(2).all()
    assert counts[0] == max(512 // n_domains, 2)


@pytest.mark.parametrize("loss", LOSSES)
def test_weight_0_is_source_only_bit_for_bit(loss):
    X, y, domain, _ = shifted()
    plain = TransferClassifier(**QUICK).fit(X, y)
    off = TransferClassifier(domain_loss=loss, domain_loss_weight=0.0, **QUICK)
    off.fit(X, y, domain=domain)
    assert np.array_equal(plain.predict_proba(X), off.predict_proba(X))
    on = TransferClassifier(domain_loss=loss, **QUICK).fit(X, y, domain=domain)
    assert not np.array_equal(plain.predict_proba(X), on.predict_proba(X))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("labels", [[-1, 1], [3, 7], ["no", "yes"], [False, True]], ids=str)
def test_labels_of_any_kind(loss, labels):
    X, _, domain, hidden = shifted(200, 30)
    named = pd.Series(np.asarray(labels, dtype=object)[hidden], dtype=object)
    named[domain == 1] = None
    est = TransferClassifier(domain_loss=loss, **QUICK).fit(X, named, domain=domain)
    assert est.classes_.tolist() == labels
    assert set(est.predict(X).tolist()) <= set(labels)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_target", [1, 2, 30, 150])
def test_1000_rows_here_and_few_there(loss, n_target):
    X, y, domain, _ = shifted(1000, n_target)
    est = TransferClassifier(domain_loss=loss, **QUICK)
    if loss == "coral" and n_target == 1:
        with pytest.raises(ValueError, match=r"Domain 1 has 1 row.*CORAL needs 2.*'dann' or 'mmd'"):
            est.fit(X, y, domain=domain)
        return
    proba = est.fit(X, y, domain=domain).predict_proba(X)
    assert np.isfinite(proba).all()
    assert not np.array_equal(proba, TransferClassifier(**QUICK).fit(X, y).predict_proba(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_of_numbers(dtype):
    X, y, domain, _ = shifted()
    est = TransferClassifier(domain_loss="dann", **QUICK).fit(X.astype(dtype), y, domain=domain)
    assert est.predict_proba(X.astype(dtype)).dtype == np.float64


def test_a_column_of_x_names_the_domains():
    X, y, domain, _ = shifted()
    frame = pd.DataFrame(X, columns=list("abc"))
    given = TransferClassifier(domain_loss="mmd", **QUICK).fit(frame, y, domain=domain)
    named = TransferClassifier(domain="site", domain_loss="mmd", **QUICK)
    named.fit(frame.assign(site=np.array(["old", "new"])[domain]), y)
    table = frame.assign(site="unheard of")
    np.testing.assert_allclose(named.predict_proba(table), given.predict_proba(frame), atol=1e-5)
    search = GridSearchCV(named, {"domain_loss": [None, "coral"]}, cv=KFold(3, shuffle=True))
    labelled = np.where(np.isnan(y), domain, y)
    search.fit(frame.assign(site=domain), labelled)
    assert search.best_score_ > 0.5


def test_numbers_and_several_targets():
    X, _, domain, hidden = shifted()
    y = pd.DataFrame({"amount": X[:, 0], "sort": np.array(["a", "b"], dtype=object)[hidden]})
    y.loc[domain == 1] = None
    y["amount"] = y["amount"].astype(float)
    both = TransferEstimator(domain_loss="coral", **QUICK).fit(X, y, domain=domain)
    assert both.predict(X).columns.tolist() == ["amount", "sort"]
    est = TransferRegressor(domain_loss="dann", **{**QUICK, "n_estimators": 3})
    assert np.isfinite(est.fit(X, y["amount"], domain=domain).predict(X)).all()


@pytest.mark.parametrize("loss", [DANN(gamma=5.0), CORAL(), MMD(factors=(1.0,))])
def test_files(loss, tmp_path):
    X, y, domain, _ = shifted()
    est = TransferClassifier(domain_loss=loss, **QUICK).fit(X, y, domain=domain)
    est.save(tmp_path / "est.3mtl")
    loaded = load_estimator(tmp_path / "est.3mtl")
    assert np.array_equal(loaded.predict_proba(X), est.predict_proba(X))


def test_the_same_seed_gives_the_same_bits():
    X, y, domain, _ = shifted()
    fits = [TransferClassifier(domain_loss="dann", **QUICK).fit(X, y, domain=domain) for _ in "ab"]
    assert np.array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))


def test_what_is_refused():
    X, y, domain, hidden = shifted()

    def fit(message, y=y, domain=domain, error=ValueError, **parameters):
        with pytest.raises(error, match=message):
            TransferClassifier(**{"domain_loss": "dann", **QUICK, **parameters}).fit(
                X, y, domain=domain
            )

    fit(r"several domains alike. Found only one, 0", domain=np.zeros(len(X)))
    fit(r"needs to know each row's domain: name a column", domain=None)
    fit(r"`domain` should have shape \(500,\)", domain=domain[:9])
    fit(r"have no domain id", domain=np.where(domain == 1, np.nan, 0))
    fit(r"'domain_loss' parameter", domain_loss="jan")
    fit(r"'domain_loss_weight' parameter", domain_loss_weight=-1)
    fit(r"domain_loss='dann' and sharing='none' contradict", sharing="none",
        y=pd.DataFrame({"a": y, "b": y}))  # fmt: skip
    three = np.where(domain == 0, hidden, np.nan)
    three[-3:] = 2.0
    fit(r"labels \[2.0\] in the domain\(s\) \[1\] only", y=three)
    with pytest.raises(ValueError, match="MultiTaskClassifier has no `domain_loss`"):
        MultiTaskClassifier(**QUICK).fit(X, y, domain=domain)
    with pytest.raises(ValueError, match="Domains were given twice"):
        TransferClassifier(domain=0, domain_loss="mmd", **QUICK).fit(X, y, domain=domain)


@pytest.mark.parametrize("loss", LOSSES)
def test_hidden_labels_of_the_target_change_nothing(loss):
    """Labels of weight 0 are as good as missing ones."""
    X, y, domain, hidden = shifted()
    others = hidden.copy()
    others[domain == 1] = np.random.default_rng(1).permutation(hidden[domain == 1])
    weight = (domain == 0).astype(float)
    est = TransferClassifier(domain_loss=loss, **QUICK)
    one = est.fit(X, hidden, domain=domain, sample_weight=weight).predict_proba(X)
    other = est.fit(X, others, domain=domain, sample_weight=weight).predict_proba(X)
    missing = est.fit(X, y, domain=domain).predict_proba(X)
    assert not np.array_equal(hidden, others)
    assert np.array_equal(one, other)
    assert np.array_equal(one, missing)
