"""The shared kernel: models, services, selectors, the action pipeline and the transports."""
