"""Start the sandbox by itself: python -m dr_console.sandbox --port 8100 --speed 60."""

from __future__ import annotations

import argparse
import sys

from dr_console.sandbox.ports import Options, PortRefused


def add_arguments(parser: argparse.ArgumentParser, options: Options) -> None:
    """Ports: 0 takes a free one for HTTP, and leaves the others out."""
    parser.add_argument("--port", type=int, default=options.port, help="of HTTP; 0 takes a free one")
    parser.add_argument("--dns-port", type=int, default=options.dns_port, help="of DNS, UDP and TCP; 0 for none")
    parser.add_argument("--smtp-port", type=int, default=options.smtp_port, help="of the mail server; 0 for none")
    parser.add_argument("--tls-port", type=int, default=options.tls_port, help="of HTTPS, for programs that insist")
    parser.add_argument("--speed", type=float, default=options.speed, help="how much faster than ours its clock runs")
    parser.add_argument("--console", default=options.console, help="address of the console that is told of answers")
    parser.add_argument("--seed", type=int, default=options.seed, help="the same seed tells the same story")


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    add_arguments(parser, Options(dns_port=0, smtp_port=0))
    from dr_console.sandbox.serving import serve  # noqa: PLC0415 (not for --help, and not for manage.py)

    try:
        serve(Options(**vars(parser.parse_args())))
    except PortRefused as refused:
        print(f"--{refused.option}: {refused.why}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
