"""A scikit-learn script that logs by MLflow's autolog and knows of no sweep but by its options."""

import argparse

import mlflow
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n-estimators", type=int, default=10)
    parser.add_argument("--max-depth", type=int, default=3)
    args = parser.parse_args()
    mlflow.sklearn.autolog(log_models=False, log_datasets=False)
    x, x_test, y, y_test = train_test_split(*load_iris(return_X_y=True), random_state=0, test_size=0.4)
    with mlflow.start_run():
        model = RandomForestClassifier(n_estimators=args.n_estimators, max_depth=args.max_depth, random_state=0).fit(x, y)
        mlflow.log_metric("accuracy", model.score(x_test, y_test))


if __name__ == "__main__":
    main()
