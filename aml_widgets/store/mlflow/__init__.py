"""The store that is an MLflow tracking server (or any other tracking URI of MLflow's own): one MLflow run is one of our runs.

::

    store        what the rest of the program sees
      mirror     the runs that were seen, in memory, in the form of the in-memory store, which filters, orders and sums up
      pulling    server → mirror: what is new, asked for incrementally
      pushing    mirror → server: what changed
      entities   an MLflow run ↔ our record
      heads      checks what is logged, counts steps
      exact_values, sending    what is logged → lines, kept exactly beside metrics that plain MLflow shows
      outbox     waits for a server that is away

mlflow is imported in `connection` and only when a store is opened.
"""
