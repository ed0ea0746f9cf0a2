# scikit-learn with autolog, and a search within the trial, whose candidates are nested runs.
import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

mlflow.sklearn.autolog(log_datasets=False)
x, y = load_iris(return_X_y=True)
with mlflow.start_run():
    model = LogisticRegression(C=0.5, max_iter=500).fit(x, y)
    mlflow.log_metric("accuracy", model.score(x, y))
with mlflow.start_run():
    GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=2).fit(x, y)
