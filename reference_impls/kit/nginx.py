"""nginx as a part of a pattern: its configuration comes from a template, and all of its files are in one folder."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
from pathlib import Path
from string import Template

from kit.processes import Part

_FRAME = Template("""\
$user
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_header_timeout 10s; client_body_timeout 10s;
  # A caller's id is kept if the services would keep it; it finds a request in the logs of all parts.
  map $$http_x_request_id $$kept_request_id { default $$request_id; "~^[!-~]{1,64}$$" $$http_x_request_id; }
  client_body_temp_path tmp-body; proxy_temp_path tmp-proxy; fastcgi_temp_path tmp-fastcgi;
  uwsgi_temp_path tmp-uwsgi; scgi_temp_path tmp-scgi;
$http
}
""")


def nginx() -> str | None:
    """Return the nginx of this machine, or None."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin")


def nginx_part(template: Path, folder: Path, **values: str | int) -> Part:
    """Write the `http` block of a template, with its `$names` filled in, and return nginx with that configuration.

    Raises `FileNotFoundError` if this machine has no nginx.
    """
    program = nginx()
    if program is None:
        raise FileNotFoundError("nginx is not installed (Debian: apt-get install nginx)")
    folder.mkdir(parents=True, exist_ok=True)
    user = f"user {getpass.getuser()};" if os.name == "posix" and os.geteuid() == 0 else ""
    http = Template(template.read_text()).substitute({key: str(value) for key, value in values.items()})
    file = folder / "nginx.conf"
    file.write_text(_FRAME.substitute(user=user, http=http))
    command = [program, "-p", str(folder.resolve()), "-c", str(file.resolve()), "-g", "daemon off;"]
    return Part("nginx", command, stop_signal=signal.SIGQUIT)  # SIGTERM would abort requests in flight
