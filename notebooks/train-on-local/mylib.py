"""What the training script shares with others: the penalties to try, and the data to try them on."""

from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split


def get_alphas(count):
    """Give penalties from 0.05 upwards, in steps of 0.05."""
    return [round(0.05 * number, 2) for number in range(1, count + 1)]


def load_data():
    """Give the measurements of the patients and how far their disease progressed, to train on and to test on."""
    measurements, progress = load_diabetes(return_X_y=True)
    return train_test_split(measurements, progress, test_size=0.2, random_state=0)
