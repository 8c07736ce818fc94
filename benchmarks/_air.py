"""Beijing's air: hours at stations, with six pollutants."""

from __future__ import annotations

import numpy as np
import pandas as pd
from _tables import data_folder

TARGETS = ["PM2.5", "PM10", "SO2", "NO2", "CO", "O3"]


def beijing_air(seed: int, n_hours: int = 1500) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Some hours of each station, drawn at random: inputs, log(1 + pollutant), the ids' column."""
    table = pd.read_parquet(data_folder("beijing_air") / "beijing_air.parquet")
    table = table.groupby("station", observed=True).sample(n_hours, random_state=seed)
    angle = 2 * np.pi * table["hour"] / 24, 2 * np.pi * (table["month"] - 1) / 12
    X = table[["year", "TEMP", "PRES", "DEWP", "RAIN", "WSPM"]].astype(float)
    X = X.fillna(X.median())
    for name, a in zip(("hour", "month"), angle, strict=True):
        X[f"{name}_sin"], X[f"{name}_cos"] = np.sin(a), np.cos(a)
    X["wd"] = table["wd"].astype(str)
    X["station"] = table["station"].astype(str)
    return X.reset_index(drop=True), np.log1p(table[TARGETS]).reset_index(drop=True), "station"
