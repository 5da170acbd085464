"""The server's own settings. gunicorn reads this file by itself; each may be overridden on its command line."""

import os

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# Threads wait for slow clients, the database and the storage; processes share the processors, one for each is enough.
# Each thread at work may hold a chunk and two database connections (docs/scaling.md).
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8

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

# Whom to believe about X-Forwarded-Proto is SCAPI_TRUSTED_PROXIES' to say, not the peer's address.
forwarded_allow_ips = ""

control_socket_disable = True


def when_ready(server):
    """Tell a newcomer where things are."""
    host, port = server.address[0][:2]
    here = f"http://{host}:{port}"
    server.log.info(
        "scapi is ready\n"
        "    the API            %(here)s/api/v2/\n"
        "    its documentation  %(here)s/api/v2/docs\n"
        "    a first upload     curl -F image=@photo.jpg %(here)s/api/v2/media/upload/chunk/",
        {"here": here},
    )
