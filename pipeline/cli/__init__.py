"""The front door: the only room that knows Hydra, omegaconf and pydantic."""
