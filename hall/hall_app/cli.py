"""The command `hall`. Bad input: one line on standard error, exit 2."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hall_app.refused import Refused

KINDS = ("kiosk", "guide", "display", "counter", "pad", "agent", "camera", "supervisor", "admin")


class _Parser(argparse.ArgumentParser):
    """One line of error instead of a page of usage."""

    def error(self, message: str) -> Any:
        raise Refused(f"{message}; see: {self.prog} --help")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 1 to 65535")
    return int(text)


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("'' is no folder; give its path")
    return Path(text)


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # a terminal with another encoding
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from None
    return text


def _window(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:4]) <= 999:
        raise argparse.ArgumentTypeError(f"{text!r} is no window; give a number from 1 to 999")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no count; give a number from 1 to 1000")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0.1 <= speed <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed; give a number from 0.1 to 600")
    return speed


def parser() -> argparse.ArgumentParser:
    top = _Parser(prog="hall", description="Operation of government service halls")
    commands = top.add_subparsers(dest="command", required=True, parser_class=_Parser)

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> Any:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    demo = add("demo", _demo, "a demonstration city with simulated citizens and clerks")
    demo.add_argument("--port", type=_port, default=8080)
    demo.add_argument("--data", type=_folder, help="where to keep its data (default: a new folder)")
    demo.add_argument("--no-simulation", action="store_true", help="nobody comes; always open")
    demo.add_argument("--speed", type=_speed, default=10.0, help="simulated seconds per second")

    init = add("init", _init, "make a new installation")
    init.add_argument("dir", type=_folder)
    init.add_argument("--demo", action="store_true", help="load the demonstration city")
    init.add_argument("--always-open", action="store_true", help="open from midnight to midnight")

    serve = add("serve", _serve, "run an installation")
    serve.add_argument("dir", type=_folder)
    serve.add_argument("--port", type=_port)

    token = commands.add_parser("token", help="tokens of devices and programs")
    create = token.add_subparsers(dest="verb", required=True, parser_class=_Parser).add_parser(
        "create", help="print one token and nothing else"
    )
    create.set_defaults(run=_token)
    create.add_argument("dir", type=_folder)
    create.add_argument("--kind", choices=KINDS, required=True)
    create.add_argument("--hall", type=_text, help="the hall's id")
    create.add_argument("--window", type=_window)

    user = commands.add_parser("user", help="accounts of people")
    reset = user.add_subparsers(dest="verb", required=True, parser_class=_Parser).add_parser(
        "reset", help="a new password for a person who forgot it"
    )
    reset.set_defaults(run=_reset)
    reset.add_argument("dir", type=_folder)
    reset.add_argument("name", type=_text)

    agent = commands.add_parser(
        "agent", help="what drives the devices of this PC (printer, reader, strip…)"
    )
    agent.set_defaults(run=_agent)
    agent.add_argument(
        "what", nargs="?", help="pair, or run only the parts of this kind (printer, strip…)"
    )
    agent.add_argument("--config", type=Path, required=True, help="agent.toml")
    agent.add_argument("--server", type=_text, help="for pair: http://HOST:PORT")
    agent.add_argument("--code", type=_text, help="for pair: the code that 管理 → 设备 shows")

    cameras = commands.add_parser("cameras", help="what watches the cameras")
    worker = cameras.add_subparsers(dest="verb", required=True, parser_class=_Parser).add_parser(
        "worker", help="watch cameras from this machine, for a server on another"
    )
    worker.set_defaults(run=_camera_worker)
    worker.add_argument("--server", type=_text, required=True, help="http://HOST:PORT")
    worker.add_argument(
        "--token-file", type=Path, help="holds a token of kind camera (default: $HALL_TOKEN)"
    )
    worker.add_argument("--name", default=platform.node() or "worker", help="for the log")
    worker.add_argument("--capacity", type=_count, default=100, help="cameras it may watch")

    backup = add("backup", _backup, "copy the database, beside a running server too")
    backup.add_argument("dir", type=_folder)
    backup.add_argument(
        "file", type=Path, nargs="?", help="the copy (default: with the daily ones)"
    )

    check = add("check", _check, "verify the database's invariants")
    check.add_argument("dir", type=_folder)

    bench = add("bench", _bench, "run the benchmarks, each against its floor")
    bench.add_argument("name", nargs="*")
    bench.add_argument("--json", action="store_true")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    try:
        options = parser().parse_args(arguments)
        from hall_app import logs  # dear to import, as what the commands import is

        logs.configure()  # standard output is for answers
        result: int = options.run(options)
        return result
    except Refused as error:
        _complain(str(error))
        return 2
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _complain(f"{error.strerror or error}{where}; check the path, its rights and free space")
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from sqlalchemy.exc import DBAPIError  # dear to import, and seldom needed

        if not isinstance(error, DBAPIError):
            raise
        _complain(f"the database refused: {error.orig}; check its path, rights and free space")
        return 2


def _complain(message: str) -> None:
    print("hall: " + " ".join(message.split()), file=sys.stderr)


def say(line: str = "") -> None:
    """A line for the person at the terminal."""
    print(line, flush=True)


# --- the commands ------------------------------------------------------------------------------
# Each imports what it needs when it runs: `hall token create` should not wait for a web server.


def _demo(options: argparse.Namespace) -> int:
    from hall_app.demo.run import run_demo

    code: int = asyncio.run(
        run_demo(options.port, options.data, not options.no_simulation, options.speed, say)
    )
    return code


def _init(options: argparse.Namespace) -> int:
    from hall_app.install import init

    init(options.dir, options.demo, options.always_open, say)
    return 0


def _serve(options: argparse.Namespace) -> int:
    from hall_app import server, settings

    loaded = settings.load(options.dir)
    if options.port is not None:
        loaded = msgspec.structs.replace(loaded, port=options.port)
    server.tune_collector()
    asyncio.run(server.serve(options.dir, loaded, lambda url: say(f"hall serves {url}")))
    return 0


def _token(options: argparse.Namespace) -> int:
    from hall_app.at_machine import create_token

    say(create_token(options.dir, options.kind, options.hall, options.window))
    return 0


def _reset(options: argparse.Namespace) -> int:
    from hall_app.at_machine import reset_password

    say(reset_password(options.dir, options.name))
    return 0


def _agent(options: argparse.Namespace) -> int:
    from hall_app import agent

    try:
        if options.what == "pair":
            if not options.code:
                raise Refused("pair needs --code ABCD-2345; 管理 → 设备 makes one")
            token = agent.pair(options.config, options.server, options.code)
            say(f"paired; the token lies in {token}")
        elif options.server or options.code:
            raise Refused("--server and --code are for: hall agent pair")
        else:
            agent.run(options.config, options.what)
    except agent.ConfigError as error:
        raise Refused(str(error)) from None
    return 0


def _camera_worker(options: argparse.Namespace) -> int:
    from hall_cameras.worker.run import main as watch

    token = os.environ.pop("HALL_TOKEN", "")
    if options.token_file is not None:
        token = options.token_file.read_text(encoding="ascii", errors="replace").strip()
    if not token:
        raise Refused("give --token-file or $HALL_TOKEN; make one: hall token create --kind camera")
    if not token.isascii() or not token.isprintable():
        raise Refused("this is no token; make one: hall token create --kind camera")
    if not options.server.startswith(("http://", "https://")):
        raise Refused(f"{options.server!r} is no server; give http://HOST:PORT")
    try:
        watch(options.server, token, options.name, options.capacity, with_parent=False)
    except (PermissionError, ValueError) as error:
        raise Refused(f"{options.server} refused: {error}") from None
    return 0


def _backup(options: argparse.Namespace) -> int:
    from datetime import datetime

    from hall_app import backups, settings

    loaded = settings.load(options.dir)
    database = settings.sqlite_file(loaded, options.dir)
    if database is None:
        raise Refused("PostgreSQL keeps this installation's data; copy it with pg_dump")
    settings.require_database(loaded, options.dir)
    if options.file is not None:
        backups.copy(database, options.file)
        say(str(options.file))
    else:
        folder, now = settings.backup_folder(loaded, options.dir), datetime.now().astimezone()
        say(str(backups.keep(database, folder, now, max(1, loaded.backups_kept))))
    return 0


def _check(options: argparse.Namespace) -> int:
    from hall_app.check import check_directory

    faults = check_directory(options.dir)
    for fault in faults:
        say(fault)
    if not faults:
        say("ok")
    return 1 if faults else 0


def _bench(options: argparse.Namespace) -> int:
    from hall_app.bench.run import run_benchmarks

    return run_benchmarks(options.name, options.json, say)


if __name__ == "__main__":
    from hall_app import cli  # this file as `python -m` runs it is another module

    sys.exit(cli.main())
