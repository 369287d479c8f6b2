"""The workspace's secrets, as a run's script asks for them."""

from __future__ import annotations

from collections.abc import Iterable

from aml_widgets.tracking.run_base import RunBase


class RunSecrets(RunBase):
    """What a script need not have in its text."""

    def get_secret(self, name: str) -> str:
        """Give a secret of the workspace, as ``workspace.get_default_keyvault().get_secret(name)`` does.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        str
            Its value.

        Raises
        ------
        NotFound
            If there is none of that name.
        StoreUnavailable
            If what keeps secrets on this machine is missing, or locked.
        """
        from aml_widgets.tracking.keyvault import Keyvault

        return Keyvault(self._experiment.workspace).get_secret(name)

    def get_secrets(self, secrets: Iterable[str]) -> dict[str, str | None]:
        """Give several secrets of the workspace.

        Parameters
        ----------
        secrets : list of str
            Their names.

        Returns
        -------
        dict
            Values by name; None for one that is not there.

        Raises
        ------
        StoreUnavailable
            If what keeps secrets on this machine is missing, or locked.
        """
        from aml_widgets.tracking.keyvault import Keyvault

        return Keyvault(self._experiment.workspace).get_secrets(secrets)
