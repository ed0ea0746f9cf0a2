"""A sweep for wandb.agent, as the tutorials have it. Kaon takes space and function as they are:

    kaon run --python examples/wandb-agent/train.py:train
"""

import wandb

sweep_configuration = {
    "method": "random",
    "metric": {"goal": "minimize", "name": "score"},
    "parameters": {"x": {"max": 0.1, "min": 0.01}, "y": {"values": [1, 3, 7]}},
}


def train():
    with wandb.init(project="my-first-sweep") as run:
        for i in range(3):
            run.log({"score": run.config.x**3 + run.config.y + 1 / (i + 1)})


sweep_id = wandb.sweep(sweep=sweep_configuration, project="my-first-sweep")
wandb.agent(sweep_id, function=train, count=4)
