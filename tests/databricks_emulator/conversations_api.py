"""A Genie space that knows a few questions: a conversation is started, then its message is looked at until it is done."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body

from tests.databricks_emulator.errors import ApiError, invalid

Document = dict[str, Any]


class Conversations:
    """One space. answers: the SQL of each question, None for an answer in words alone; what is not there fails."""

    def __init__(self, space_id: str = "space") -> None:
        """space_id: the only space there is."""
        self.space_id = space_id
        self.answers: dict[str, str | None] = {}
        self._messages: dict[str, Document] = {}

    def start(self, space_id: str, content: str) -> Document:
        """Begin a conversation; its first message is still being worked on."""
        if space_id != self.space_id:
            raise ApiError(404, "NOT_FOUND", f"Genie space {space_id} does not exist.")
        if not content:
            raise invalid("start-conversation needs 'content'.")
        ids = {"space_id": space_id, "conversation_id": uuid.uuid4().hex, "message_id": uuid.uuid4().hex}
        message: dict[str, object] = {**ids, "id": ids["message_id"], "content": content, "status": "COMPLETED"}
        if content not in self.answers:
            message["status"] = "FAILED"
        elif (sql := self.answers[content]) is not None:
            message["attachments"] = [
                {"attachment_id": uuid.uuid4().hex, "query": {"query": sql, "description": content}}
            ]
        else:
            message["attachments"] = [{"attachment_id": uuid.uuid4().hex, "text": {"content": "I cannot tell."}}]
        self._messages[ids["message_id"]] = message
        started = {**message, "status": "SUBMITTED", "attachments": []}
        conversation = {"id": ids["conversation_id"], "space_id": space_id, "title": content}
        return {**ids, "message": started, "conversation": conversation}

    def message(self, message_id: str) -> Document:
        """A message as it is by now."""
        if message_id not in self._messages:
            raise ApiError(404, "NOT_FOUND", f"Message {message_id} does not exist.")
        return self._messages[message_id]


def conversations_router(genie: Conversations) -> APIRouter:
    """The routes below /api/2.0/genie/spaces."""
    router = APIRouter()

    @router.post("/{space_id}/start-conversation")
    def start(space_id: str, body: Annotated[Document, Body()]) -> Document:
        return genie.start(space_id, str(body.get("content") or ""))

    @router.get("/{space_id}/conversations/{conversation_id}/messages/{message_id}")
    def message(space_id: str, conversation_id: str, message_id: str) -> Document:
        return genie.message(message_id)

    return router
