"""The store that is an MLflow tracking server (or any other tracking URI of MLflow's own): one MLflow run is one of our runs.

::

    store            what the rest of the program sees, in parts: experiments, runs, points, changes, files
      server_state   what was heard of the server, in the form of the in-memory store, which filters, orders and sums up
      values         server → memory: the points of a run that are new
      pushing        memory → server: what changed of a record
      entities       an MLflow run ↔ our record
      heads          checks what is logged, counts steps
      exact_values   what is logged ↔ lines of text
      writer, sending    lines → the server, beside metrics that plain MLflow shows

mlflow is imported in functions only, when a store is used.
"""
