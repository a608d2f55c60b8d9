"""The door of serverless compute: between Spark Connect clients and the server, and refuses what serverless compute refuses.

It stands in another process than the job, which cannot go around it. What it refused is its log.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from pyspark.sql.connect.proto import AnalyzePlanRequest, ConfigRequest, ExecutePlanRequest, FetchErrorDetailsResponse

from tests.databricks_emulator.serverless_rules import Refusal, refused_analysis, refused_config, refused_execution

SERVICE = "spark.connect.SparkConnectService"
LOOPBACK = "127.0.0.1"
LARGEST_MESSAGE = 128 * 2**20
MOST_CALLS = 32
OPTIONS = [("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.max_send_message_length", LARGEST_MESSAGE)]
ANSWERED_ONCE = (
    "AnalyzePlan",
    "ArtifactStatus",
    "Config",
    "CloneSession",
    "Interrupt",
    "ReleaseExecute",
    "ReleaseSession",
)
ANSWERED_IN_PARTS = ("ExecutePlan", "ReattachExecute")
JUDGED: dict[str, tuple[Any, Callable[[Any], Refusal | None]]] = {
    "AnalyzePlan": (AnalyzePlanRequest, refused_analysis),
    "Config": (ConfigRequest, refused_config),
    "ExecutePlan": (ExecutePlanRequest, refused_execution),
}
ANALYSIS_EXCEPTION = "org.apache.spark.sql.AnalysisException"


class ConnectProxy:
    """Lets calls through to a server on this machine, as bytes, but for those that are refused.

    Attributes:
        refused: The text of every refusal, in order.
        port: Where clients are to call.
    """

    def __init__(self, server_port: int) -> None:
        """Begin to listen on a free port."""
        self.refused: list[str] = []
        self._channel = grpc.insecure_channel(f"{LOOPBACK}:{server_port}", options=OPTIONS)
        self._server = grpc.server(ThreadPoolExecutor(MOST_CALLS), options=OPTIONS)
        handlers = {name: grpc.unary_unary_rpc_method_handler(self._once(name)) for name in ANSWERED_ONCE}
        handlers |= {name: grpc.unary_stream_rpc_method_handler(self._in_parts(name)) for name in ANSWERED_IN_PARTS}
        handlers["FetchErrorDetails"] = grpc.unary_unary_rpc_method_handler(self._error_details)
        handlers["AddArtifacts"] = grpc.stream_unary_rpc_method_handler(self._artifacts)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        self.port = self._server.add_insecure_port(f"{LOOPBACK}:0")
        self._server.start()

    def close(self) -> None:
        """Hang up."""
        self._server.stop(grace=None).wait()
        self._channel.close()

    def _once(self, name: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        call = self._channel.unary_unary(f"/{SERVICE}/{name}")

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            """The server's answer, or an error."""
            try:
                return bytes(call(self._judged(name, request, context), metadata=_metadata(context)))
            except grpc.RpcError as error:
                _hand_on(error, context)

        return answer

    def _in_parts(self, name: str) -> Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]:
        call = self._channel.unary_stream(f"/{SERVICE}/{name}")

        def answer(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            """The parts of the server's answer as they come, or an error; a client that hangs up ends the server's call."""
            parts = call(self._judged(name, request, context), metadata=_metadata(context))
            context.add_callback(parts.cancel)
            try:
                yield from parts
            except grpc.RpcError as error:
                _hand_on(error, context)

        return answer

    def _artifacts(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        call = self._channel.stream_unary(f"/{SERVICE}/AddArtifacts")
        try:
            return bytes(call(requests, metadata=_metadata(context)))
        except grpc.RpcError as error:
            _hand_on(error, context)

    def _error_details(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """More about an error; of a refusal, which the server knows nothing of, there is no more."""
        call = self._channel.unary_unary(f"/{SERVICE}/FetchErrorDetails")
        try:
            return bytes(call(request, metadata=_metadata(context)))
        except grpc.RpcError:
            return FetchErrorDetailsResponse().SerializeToString()

    def _judged(self, name: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        """The request as it goes on."""
        if name not in JUDGED:
            return request
        kind, judge = JUDGED[name]
        message = kind.FromString(request)
        refusal = judge(message)
        if refusal is None:
            return bytes(message.SerializeToString())
        self.refused.append(str(refusal))
        info = ErrorInfo(reason=ANALYSIS_EXCEPTION, domain="org.apache.spark")
        info.metadata.update(
            {
                "classes": f'["{ANALYSIS_EXCEPTION}"]',
                "errorClass": refusal.error_class,
                "errorId": str(uuid.uuid4()),
                "sqlState": refusal.state,
            }
        )
        detail = AnyMessage()
        detail.Pack(info)
        status = Status(code=grpc.StatusCode.INTERNAL.value[0], message=str(refusal), details=[detail])
        context.abort_with_status(rpc_status.to_status(status))
        raise AssertionError("abort raises")


def _metadata(context: grpc.ServicerContext) -> list[tuple[str, Any]]:
    """What the client sends along; what belongs to its own connection does not go on."""
    own = ("user-agent", "grpc-")
    return [(key, value) for key, value in context.invocation_metadata() if not key.startswith(own)]


def _hand_on(error: Any, context: grpc.ServicerContext) -> Any:
    """Answer with the server's own error, details included."""
    context.set_trailing_metadata(tuple(error.trailing_metadata() or ()))
    context.abort(error.code(), error.details() or "")
