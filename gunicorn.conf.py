"""The server's numbers and their reasons; the code is in scapi/server.

gunicorn reads this file by itself, and again at a reload. Each setting may be overridden on its command line.
"""

import os

from scapi.server.hooks import child_exit, on_exit, on_starting, post_fork, post_worker_init, pre_fork, when_ready
from scapi.server.lines import QuietLogger, log_settings
from scapi.server.worker import ScapiWorker

__all__ = ["child_exit", "on_exit", "on_starting", "post_fork", "post_worker_init", "pre_fork", "when_ready"]

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# Processes share the processors, one for each is enough. Threads wait for slow clients, the database and the storage:
# 500 clients that send 50 KB a second fit into two workers (`python -m benchmarks.slow_streams`). A thread costs little
# before it is needed (docs/scaling.md).
worker_class = ScapiWorker
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 300

# A worker whose main loop has not told its master for this many seconds that it lives is replaced. A request may take
# longer: what hangs in one is ended by its own timeout (database, storage, previews, SCAPI_CLIENT_TIMEOUT).
timeout = 60

# Seconds that the requests under way get when a worker is to stop: a complete on a slow store takes a few.
graceful_timeout = 30

# Seconds that a connection is kept for the next chunk. nginx in front ends its own after 10: of two ends, the one that
# sends requests must be the first to close, or a request meets a closed connection.
keepalive = 15

# Connections that the kernel accepts while all workers start or are busy.
backlog = 2048

# No max_requests: workers do not grow (`python -m benchmarks.memory`), and replacing them interrupts clients.

# Of a request's first line, and of one header. Beyond them gunicorn answers by itself, in HTML.
limit_request_line = 8190
limit_request_field_size = 16_384

# SCAPI_TRUSTED_PROXIES decides who is believed about X-Forwarded-Proto, not the peer's address.
forwarded_allow_ips = ""

control_socket_disable = True

logger_class = QuietLogger
logconfig_dict = log_settings(os.environ.get("SCAPI_LOG_FORMAT", "text"))
