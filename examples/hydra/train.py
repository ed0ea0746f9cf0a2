"""A Hydra app, which does not know of kaon but for one line that it prints."""

import hydra
from omegaconf import DictConfig


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    capacity = cfg.model.layers * cfg.model.width
    print(f"loss={abs(cfg.lr - 0.03) + 10 / capacity:.6f}")


if __name__ == "__main__":
    main()
