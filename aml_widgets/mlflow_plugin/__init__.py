"""What MLflow calls: a tracking store, a place for artifacts and a model registry behind ``aml-widgets:///folder``.

MLflow finds the classes by the entry points in ``pyproject.toml``; nothing else imports this package, so that MLflow stays optional.
"""
