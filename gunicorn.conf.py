"""The server's numbers and their reasons; the code is in scapi/server.

gunicorn reads this file at the start and at a reload. Its command line can override each setting.
"""

import os

from scapi.server.hooks import child_exit, on_exit, on_starting, post_fork, post_worker_init, pre_fork, when_ready
from scapi.server.lines import QuietLogger, log_settings
from scapi.server.worker import ScapiWorker

__all__ = ["child_exit", "on_exit", "on_starting", "post_fork", "post_worker_init", "pre_fork", "when_ready"]

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# One process per processor is enough. Threads wait for slow clients, the database and the storage: two workers serve
# 500 clients that send 50 KB a second (`python -m benchmarks.slow_streams`). An idle thread costs little
# (docs/scaling.md).
worker_class = ScapiWorker
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 300

# A worker is replaced if its main loop sends the master no heartbeat for this many seconds. A request may take longer:
# its steps have their own timeouts (database, storage, previews, SCAPI_CLIENT_TIMEOUT).
timeout = 60

# Seconds that running requests get when a worker stops: a complete on a slow storage takes a few.
graceful_timeout = 30

# Seconds that a connection is kept for the next chunk. nginx in front closes its own after 10: the end that sends
# requests must close first, or a request can meet a closed connection.
keepalive = 15

# Connections that the kernel accepts while all workers start or are busy.
backlog = 2048

# No max_requests: workers do not grow (`python -m benchmarks.memory`), and replacing them interrupts clients.

# The most bytes of a request's first line, and of one header. Above that, gunicorn answers by itself, in HTML.
limit_request_line = 8190
limit_request_field_size = 16_384

# SCAPI_TRUSTED_PROXIES decides whose X-Forwarded-Proto counts, not the peer's address.
forwarded_allow_ips = ""

control_socket_disable = True

logger_class = QuietLogger
logconfig_dict = log_settings(os.environ.get("SCAPI_LOG_FORMAT", "text"))
