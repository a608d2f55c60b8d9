"""Airflow's FAB auth manager for an instance whose questions are asked of people by name.

FAB numbers its users, and Airflow lets a question be answered by those whose number was assigned; gates and second persons
assign names, the only thing of a user that files can say. Name this class in AIRFLOW__CORE__AUTH_MANAGER: with FAB's own
nobody could answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager

if TYPE_CHECKING:
    from airflow.providers.fab.auth_manager.models import User


class NamedUsersAuthManager(FabAuthManager):
    """FAB, in which a question's users are names."""

    def is_authorized_hitl_task(self, *, assigned_users: set[str], user: User) -> bool:
        """Return whether the user's name, never the number, is among the assigned ones."""
        return user.get_name() in assigned_users
