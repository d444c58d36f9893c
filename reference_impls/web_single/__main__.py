"""`python -m web_single`: one server; `--replicas 2` starts two behind nginx; `--flask` uses Flask."""

from __future__ import annotations

import sys
from pathlib import Path

from kit.models import trained_apart
from kit.nginx import nginx, nginx_part
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import Settings, command_line, read_settings, refuse
from web_single import app, flask_app
from web_single.app import WebSingleSettings


def main() -> int:
    """Run one server in this process, or several behind nginx."""
    parser = command_line("web_single", __doc__, WebSingleSettings)
    parser.add_argument("--replicas", type=int, default=1, help="number of replicas; more than one needs nginx")
    parser.add_argument("--flask", action="store_true", help="use Flask and gunicorn instead of FastAPI and uvicorn")
    call = parser.parse_args()
    module = "web_single.flask_app" if call.flask else "web_single.app"
    if call.replicas == 1:
        (flask_app if call.flask else app).main()
        return 0
    if call.replicas < 1:
        parser.error("--replicas must be at least 1")
    return balanced(module, call.replicas)


def balanced(module: str, replicas: int) -> int:
    """Run replicas on separate ports behind nginx, which listens on the address in the settings."""
    settings = read_settings(Settings)
    if nginx() is None:
        refuse("several replicas need nginx, which is not installed (Debian: apt-get install nginx)")
    trained_apart("iris", settings.data_dir)             # once, before the replicas read it
    ports = [free_port() for _ in range(replicas)]
    port = front_port(settings)
    parts = [python_part(f"replica-{i}", module, host="127.0.0.1", port=p) for i, p in enumerate(ports)]
    servers = " ".join(f"server 127.0.0.1:{p} max_fails=1 fail_timeout=10s;" for p in ports)
    template = Path(__file__).with_name("nginx.conf.template")
    metrics = ", ".join(f"http://127.0.0.1:{p}/metrics" for p in ports)
    folder = settings.data_dir / "nginx"
    front = nginx_part(template, folder, host=settings.host, port=port, servers=servers, metrics=metrics)
    return Processes(front, *parts).run(
        [*(f"http://127.0.0.1:{p}/ready" for p in ports), f"{address_of(settings.host, port)}/ready"],
        f"web-single listens on {address_of(settings.host, port)}",
        settings.start_s, settings.stop_s,
    )


if __name__ == "__main__":
    sys.exit(main())
