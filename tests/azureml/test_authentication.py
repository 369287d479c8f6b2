"""Logins of v1: accepted, and of no use."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from aml_widgets.azureml import authentication
from aml_widgets.azureml.authentication import (
    AbstractAuthentication,
    ArcadiaTokenAuthentication,
    ArmTokenAuthentication,
    Audience,
    AzureCliAuthentication,
    AzureMLTokenAuthentication,
    InteractiveLoginAuthentication,
    MsiAuthentication,
    ServicePrincipalAuthentication,
    TokenAuthentication,
)
from aml_widgets.core.errors import CloudOnly, UserError
from aml_widgets.tracking.workspace import Workspace

SECRET = "hunter2"


def _never(audience: Audience) -> str:
    raise AssertionError(f"asked for {audience}")


MAKERS: list[Callable[[], AbstractAuthentication]] = [
    AbstractAuthentication,
    lambda: InteractiveLoginAuthentication(force=True, tenant_id="tenant", cloud="AzureCloud"),
    lambda: AzureCliAuthentication(cloud="AzureCloud"),
    lambda: ServicePrincipalAuthentication("tenant", "principal", SECRET),
    lambda: ServicePrincipalAuthentication(
        tenant_id="tenant", service_principal_id="principal", service_principal_password=SECRET, cloud="AzureCloud"
    ),
    lambda: MsiAuthentication(cloud=None, identity_config={"client_id": SECRET}),
    lambda: ArmTokenAuthentication(SECRET),
    ArcadiaTokenAuthentication,
    lambda: TokenAuthentication(get_token_for_audience=_never),
    lambda: AzureMLTokenAuthentication(SECRET, host="host", run_id="run"),
    lambda: AzureMLTokenAuthentication.create(SECRET, None, "", "", "", "", "", "run"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_each_is_accepted_and_asks_nobody(make: Callable[[], AbstractAuthentication]) -> None:
    made = make()

    assert isinstance(made, AbstractAuthentication)
    for name, ask in {
        "get_authentication_header": made.get_authentication_header,
        "get_token": made.get_token,
        "signed_session": made.signed_session,
    }.items():
        with pytest.raises(CloudOnly, match=f"{type(made).__name__}.{name} asked .*cloud.*Workspace.from_config"):
            ask()


@pytest.mark.parametrize("make", MAKERS)
def test_none_keeps_a_secret(make: Callable[[], AbstractAuthentication]) -> None:
    made = make()

    assert SECRET not in f"{made!r} {vars(made)}"
    assert SECRET not in gc.get_referents(made)


def test_tokens_that_are_set_later_are_not_kept_either() -> None:
    arm = ArmTokenAuthentication("first")
    arm.update_arm_access_token(SECRET)
    of_run = AzureMLTokenAuthentication("first")
    of_run.set_token(SECRET, datetime.now(tz=timezone.utc))

    assert (vars(arm), vars(of_run)) == ({}, {})
    for name in ("token", "expiry_time"):
        with pytest.raises(CloudOnly, match=f"AzureMLTokenAuthentication.{name}"):
            getattr(of_run, name)


def test_what_gives_tokens_must_be_a_function() -> None:
    with pytest.raises(UserError, match="get_token_for_audience must be a function"):
        TokenAuthentication(None)  # type: ignore[arg-type]


def test_a_workspace_takes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    login = ServicePrincipalAuthentication("tenant", "principal", SECRET)

    made = Workspace.create("mine", auth=login)

    assert Workspace.get("mine", auth=InteractiveLoginAuthentication(tenant_id="tenant")) == made
    assert not [
        file for file in (tmp_path / "home").rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()
    ]


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("InteractiveLoginAuthentication", "force, tenant_id, cloud"),
        ("AzureCliAuthentication", "cloud"),
        (
            "ServicePrincipalAuthentication",
            "tenant_id, service_principal_id, service_principal_password, cloud, _enable_caching",
        ),
        ("MsiAuthentication", "cloud, options"),
        ("ArmTokenAuthentication", "arm_access_token, cloud"),
        ("TokenAuthentication", "get_token_for_audience, cloud"),
        (
            "AzureMLTokenAuthentication",
            (
                "azureml_access_token, expiry_time, host, subscription_id, resource_group_name, workspace_name, "
                "experiment_name, run_id, user_email, experiment_id, cloud"
            ),
        ),
    ],
)
def test_arguments_are_in_v1s_order(name: str, signature: str) -> None:
    assert ", ".join(inspect.signature(getattr(authentication, name)).parameters) == signature
