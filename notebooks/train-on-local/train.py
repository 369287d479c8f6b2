"""Ridge regression on the diabetes data: one model for each penalty, logged to the run that this script is."""

import argparse
import time
from pathlib import Path

import joblib
from mylib import get_alphas, load_data
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error

from aml_widgets import Run

parser = argparse.ArgumentParser()
parser.add_argument("--alphas", type=int, default=20, help="how many penalties to try")
parser.add_argument("--pause", type=float, default=0.0, help="seconds to wait after each")
arguments = parser.parse_args()

run = Run.get_context()  # the run that was submitted; started by hand, one that only prints
train_x, test_x, train_y, test_y = load_data()
print(f"{len(train_x)} patients to train on, {len(test_x)} to test on")

outputs = Path("outputs")  # what lies here becomes files of the run
outputs.mkdir(exist_ok=True)
for alpha in get_alphas(arguments.alphas):
    model = Ridge(alpha=alpha).fit(train_x, train_y)
    mse = mean_squared_error(test_y, model.predict(test_x))
    run.log("alpha", alpha)
    run.log("mse", mse)
    joblib.dump(model, outputs / f"ridge_{alpha:.2f}.pkl")
    print(f"alpha {alpha:.2f}: mean squared error {mse:.1f}")
    time.sleep(arguments.pause)
