"""Who one is in the cloud, by v1's names. Workspaces here ask nobody: these objects are accepted, keep no secret and do nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import NoReturn

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import UserError

_ANSWER = (
    "A workspace is a folder or a tracking server of your own, and needs no token: Workspace.from_config() opens yours. For "
    "another service, ask the library of that service, such as azure-identity."
)


class Audience(Enum):
    """For what a token was."""

    ARM = "ARM"
    AZUREML = "AZUREML"


class AbstractAuthentication:
    """What all of them have.

    Parameters
    ----------
    cloud : str, optional
        Accepted, not looked at.
    """

    def __init__(self, cloud: str | None = None) -> None:
        del cloud

    def get_authentication_header(self) -> NoReturn:
        """Refuse: there is nobody to show a header to.

        Raises
        ------
        CloudOnly
            Always.
        """
        self._refuse("get_authentication_header")

    def get_token(self, *scopes: object, **options: object) -> NoReturn:
        """Refuse: there is nobody to ask for a token.

        Parameters
        ----------
        *scopes, **options : object, optional
            What it would have been for.

        Raises
        ------
        CloudOnly
            Always.
        """
        del scopes, options
        self._refuse("get_token")

    def signed_session(self, session: object = None) -> NoReturn:
        """Refuse: there is nothing to sign a session with.

        Parameters
        ----------
        session : object, optional
            A session of requests.

        Raises
        ------
        CloudOnly
            Always.
        """
        del session
        self._refuse("signed_session")

    def _refuse(self, name: str) -> NoReturn:
        raise cloud_only(f"{type(self).__name__}.{name}", _ANSWER)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class InteractiveLoginAuthentication(AbstractAuthentication):
    """In v1 a login in the browser; nobody is asked to log in here.

    Parameters
    ----------
    force : bool, optional
        Accepted, not looked at, as is what follows.
    tenant_id, cloud : str, optional
        The same.
    """

    def __init__(self, force: bool = False, tenant_id: str | None = None, cloud: str | None = None) -> None:
        del force, tenant_id
        super().__init__(cloud)


class AzureCliAuthentication(AbstractAuthentication):
    """In v1 the login of the `az` command; it is not called here.

    Parameters
    ----------
    cloud : str, optional
        Accepted, not looked at.
    """


class ServicePrincipalAuthentication(AbstractAuthentication):
    """In v1 the login of a program. The password is not kept.

    Parameters
    ----------
    tenant_id, service_principal_id, service_principal_password : str
        Accepted, not looked at, as is what follows.
    cloud : str, optional
        The same.
    _enable_caching : bool, optional
        The same.
    """

    def __init__(
        self,
        tenant_id: str | None,
        service_principal_id: str | None,
        service_principal_password: str | None,
        cloud: str = "AzureCloud",
        _enable_caching: bool = True,
    ) -> None:
        del tenant_id, service_principal_id, service_principal_password, _enable_caching
        super().__init__(cloud)


class MsiAuthentication(AbstractAuthentication):
    """In v1 the identity of a virtual machine; none is asked for here.

    Parameters
    ----------
    cloud : str, optional
        Accepted, not looked at.
    **options
        The same.
    """

    def __init__(self, cloud: str | None = None, **options: object) -> None:
        del options
        super().__init__(cloud)


class ArmTokenAuthentication(AbstractAuthentication):
    """In v1 a token of Azure's resource manager. It is not kept.

    Parameters
    ----------
    arm_access_token : str
        Accepted, not looked at, as is what follows.
    cloud : str, optional
        The same.
    """

    def __init__(self, arm_access_token: str | None, cloud: str = "None") -> None:
        del arm_access_token
        super().__init__(cloud)

    def update_arm_access_token(self, new_arm_access_token: str) -> None:
        """Take another token, and keep it no more than the first.

        Parameters
        ----------
        new_arm_access_token : str
            Accepted, not looked at.
        """
        del new_arm_access_token


class ArcadiaTokenAuthentication(ArmTokenAuthentication):
    """In v1 the token of a Synapse notebook; none is asked for here.

    Parameters
    ----------
    cloud : str, optional
        Accepted, not looked at.
    """

    def __init__(self, cloud: str | None = None) -> None:
        super().__init__(None, cloud or "None")


class TokenAuthentication(AbstractAuthentication):
    """In v1 tokens from a function of yours, which is never called here.

    Parameters
    ----------
    get_token_for_audience : callable
        The function. It is not kept.
    cloud : str, optional
        Accepted, not looked at.

    Raises
    ------
    UserError
        For something that cannot be called.
    """

    def __init__(self, get_token_for_audience: Callable[[Audience], str], cloud: str | None = None) -> None:
        if not callable(get_token_for_audience):
            raise UserError(
                "get_token_for_audience must be a function that gives a token for an audience, not "
                f"{type(get_token_for_audience).__name__}. No login is needed here: leave auth= out.",
                value=get_token_for_audience,
            )
        super().__init__(cloud)


class AzureMLTokenAuthentication(AbstractAuthentication):
    """In v1 the token of a submitted run. It is not kept.

    Parameters
    ----------
    azureml_access_token : str
        Accepted, not looked at, as is what follows.
    expiry_time : datetime, optional
        The same.
    host, subscription_id, resource_group_name, workspace_name : str, optional
        The same.
    experiment_name, run_id, user_email, experiment_id, cloud : str, optional
        The same.
    """

    def __init__(
        self,
        azureml_access_token: str | None,
        expiry_time: datetime | None = None,
        host: str | None = None,
        subscription_id: str | None = None,
        resource_group_name: str | None = None,
        workspace_name: str | None = None,
        experiment_name: str | None = None,
        run_id: str | None = None,
        user_email: str | None = None,
        experiment_id: str | None = None,
        cloud: str = "AzureCloud",
    ) -> None:
        del azureml_access_token, expiry_time, host, subscription_id, resource_group_name, workspace_name
        del experiment_name, run_id, user_email, experiment_id
        super().__init__(cloud)

    @classmethod
    def create(
        cls,
        azureml_access_token: str | None,
        expiry_time: datetime | None,
        host: str | None,
        subscription_id: str | None,
        resource_group_name: str | None,
        workspace_name: str | None,
        experiment_name: str | None,
        run_id: str | None,
        user_email: str | None = None,
        experiment_id: str | None = None,
    ) -> AzureMLTokenAuthentication:
        """Make one, as the class itself does.

        Parameters
        ----------
        azureml_access_token, expiry_time, host, subscription_id, resource_group_name, workspace_name : object
            Accepted, not looked at, as is what follows.
        experiment_name, run_id, user_email, experiment_id : object, optional
            The same.

        Returns
        -------
        AzureMLTokenAuthentication
            One that has kept nothing of it.
        """
        del expiry_time, host, subscription_id, resource_group_name, workspace_name
        del experiment_name, run_id, user_email, experiment_id
        return cls(azureml_access_token)

    @property
    def token(self) -> NoReturn:
        """Refused: none was kept. Raises CloudOnly."""
        self._refuse("token")

    @property
    def expiry_time(self) -> NoReturn:
        """Refused: none was kept. Raises CloudOnly."""
        self._refuse("expiry_time")

    def set_token(self, token: str, expiry_time: datetime) -> None:
        """Take another token, and keep it no more than the first.

        Parameters
        ----------
        token : str
            Accepted, not looked at.
        expiry_time : datetime
            The same.
        """
        del token, expiry_time
