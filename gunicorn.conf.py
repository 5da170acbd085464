"""The server's own settings. gunicorn reads this file by itself; each may be overridden on its command line."""

import os

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# Threads wait for slow clients and for the disk; processes share the processors.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8

# A worker that does not answer its master for this long is replaced.
timeout = 60
graceful_timeout = 30

# A client sends the chunks of a file one after another: keep its connection for the next one.
keepalive = 15

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
        "    in a browser       %(here)s/\n"
        "    the API            %(here)s/api/v2/\n"
        "    its documentation  %(here)s/api/v2/docs\n"
        "    a first upload     curl -F image=@photo.jpg %(here)s/api/v2/media/upload/chunk/",
        {"here": here},
    )
