"""Running benchmarks by name and reporting them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from hall_app.bench import busy, call, cameras, cascade, devices, fanout, issue, quality, start
from hall_app.bench.result import Result

BENCHMARKS: dict[str, Callable[[], Iterator[Result]]] = {
    "issue": issue.run,
    "call": call.run,
    "fanout": fanout.run,
    "busy": busy.run,
    "start": start.run,
    "devices": devices.run,
    "cascade": cascade.run,
    "cameras": cameras.run,
    "pictures": quality.run,
}


def run_benchmarks(names: Sequence[str], as_json: bool, say: Callable[[str], None]) -> int:
    """Run the named benchmarks, or all; the exit code is 1 when a target was missed."""
    from hall_app.refused import Refused

    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        known = ", ".join(BENCHMARKS)
        raise Refused(f"there is no benchmark {unknown[0]!r}; there are: {known}")
    results: list[Result] = []
    for name in names or BENCHMARKS:
        for result in BENCHMARKS[name]():
            results.append(result)
            if not as_json:
                say(line(result))
    if as_json:
        say(msgspec.json.encode(results).decode())
    return 0 if all(result.ok for result in results) else 1


def line(result: Result) -> str:
    """A result as a person reads it."""
    text = f"{result.name:28} {result.value:>12,.3g} {result.unit:12}"
    if result.floor is not None and result.ratio is not None:
        text += f" floor {result.floor:>10,.3g}  ratio {result.ratio:5.2f}"
    else:
        text += " " * 31
    return f"{text}  target {result.target:24} {'ok' if result.ok else 'MISSED'}"
