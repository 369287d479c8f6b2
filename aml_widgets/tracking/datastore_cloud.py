"""Datastores that are storage accounts, databases or file systems of a cloud: refused, by their names."""

from __future__ import annotations

from typing import NoReturn

from aml_widgets.core.cloud_only import cloud_only

WAY_OUT = (
    "A workspace has the folders that all_of(ws), or ws.datastores, gives: put files there with upload or upload_files. What lies in a storage "
    "account or a database is read in the script, with the library for it."
)
"""What to do instead of registering one."""


class CloudDatastores:
    """What `Datastore` has for v1's sake. Each raises CloudOnly."""

    @staticmethod
    def register_azure_blob_container(*arguments: object, **named: object) -> NoReturn:
        """Refuse: storage accounts are in the cloud. Nothing that is given is kept.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_azure_blob_container", WAY_OUT)

    @staticmethod
    def register_azure_file_share(*arguments: object, **named: object) -> NoReturn:
        """Refuse: storage accounts are in the cloud. Nothing that is given is kept.

        Parameters
        ----------
        *arguments, **named : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_azure_file_share", WAY_OUT)

    @staticmethod
    def register_azure_data_lake(*arguments: object, **named: object) -> NoReturn:
        """Refuse: data lakes are in the cloud. Nothing that is given is kept.

        Parameters
        ----------
        *arguments, **named : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_azure_data_lake", WAY_OUT)

    @staticmethod
    def register_azure_data_lake_gen2(*arguments: object, **named: object) -> NoReturn:
        """Refuse: data lakes are in the cloud. Nothing that is given is kept.

        Parameters
        ----------
        *arguments, **named : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_azure_data_lake_gen2", WAY_OUT)

    @staticmethod
    def register_azure_sql_database(*arguments: object, **named: object) -> NoReturn:
        """Refuse: databases are not read through datastores here. Nothing that is given is kept.

        Parameters
        ----------
        *arguments, **named : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_azure_sql_database", WAY_OUT)

    @staticmethod
    def register_azure_postgre_sql(*arguments: object, **named: object) -> NoReturn:
        """Refuse: databases are not read through datastores here. Nothing that is given is kept.

        Parameters
        ----------
        *arguments, **named : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_azure_postgre_sql", WAY_OUT)

    @staticmethod
    def register_azure_my_sql(*arguments: object, **named: object) -> NoReturn:
        """Refuse: databases are not read through datastores here. Nothing that is given is kept.

        Parameters
        ----------
        *arguments, **named : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_azure_my_sql", WAY_OUT)

    @staticmethod
    def register_dbfs(*arguments: object, **named: object) -> NoReturn:
        """Refuse: file systems of a cloud are not reached from here. Nothing that is given is kept.

        Parameters
        ----------
        *arguments, **named : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_dbfs", WAY_OUT)

    @staticmethod
    def register_hdfs(*arguments: object, **named: object) -> NoReturn:
        """Refuse: file systems of a cluster are not reached from here. Nothing that is given is kept.

        Parameters
        ----------
        *arguments, **named : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("Datastore.register_hdfs", WAY_OUT)
