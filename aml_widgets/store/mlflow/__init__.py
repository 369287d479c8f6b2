"""The store that is an MLflow tracking server (or any other tracking URI of MLflow's own): one MLflow run is one of our runs.

::

    store            what the rest of the program sees, in parts: experiments, runs, points, changes, files
      server_state   when the server is asked what is new, and told what changed here
      value_mirror, server_mirror    what was heard, in the form of the in-memory store, which filters, orders and sums up
      values         server → memory: the points of a run that are new
        line_reader, history_pages   those that are lines, and those of other programs
        server_metrics, point_order  what was read, and whose it is
      pushing        memory → server: what changed of a record
      entities       an MLflow run ↔ our record
      heads          checks what is logged, counts steps
      exact_values   what is logged ↔ lines of text
      outbox, sending    lines → the server, and metrics that plain MLflow shows

mlflow is imported in functions only, when a store is used.
"""
