"""What has to be true of everything that comes out of a run's folder."""

from __future__ import annotations

from tornado.httpclient import HTTPResponse


def assert_is_harmless(response: HTTPResponse) -> None:
    """See that a browser takes it for data, whatever it is."""
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
