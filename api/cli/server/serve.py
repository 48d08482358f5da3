"""`bordergate serve`: runs and studies over HTTP."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from api.cli.console import console, mistakes_shown
from api.cli.options import DatabaseOption, DataOption, LogLevel, default_data_folder


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any that is free.")] = 8000,
    data: DataOption = None,
    database: DatabaseOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that simulate; by default one for each core.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler on whose workers studies run.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Name under which others reach the server, for instance through a proxy."),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Website whose pages may send requests: https://example.org."),
    ] = None,
    keys: Annotated[
        bool | None,
        typer.Option(
            "--keys/--no-keys",
            help="Whether requests need an access key; by default if others can reach the server.",
        ),
    ] = None,
    identity_header: Annotated[
        str | None, typer.Option(metavar="NAME", help="Header in which a proxy says who it is: X-Forwarded-User.")
    ] = None,
    identity_from: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Address or network of that proxy; from elsewhere it is not believed."),
    ] = None,
    identity_groups: Annotated[
        str | None, typer.Option(metavar="NAME", help="Header with the person's groups: each is a project.")
    ] = None,
    identity_admins: Annotated[
        list[str] | None, typer.Option(metavar="GROUP", help="Group whose members are administrators.")
    ] = None,
    webhook: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Address that runs may have called when they end, with all below it: https://HOST/PATH."
        ),
    ] = None,
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Write down every answer: logs/access.jsonl in the data folder.")
    ] = False,
    log_level: Annotated[LogLevel, typer.Option(help="What is logged on standard error.")] = LogLevel.WARNING,
    max_connections: Annotated[int, typer.Option(min=10, help="Most connections that are open at once.")] = 2000,
    max_events: Annotated[float, typer.Option(min=1, help="Most stage visits of a run, as predicted.")] = 2e9,
    max_queued: Annotated[int, typer.Option(min=1, help="Most runs that are not finished.")] = 1000,
    run_seconds: Annotated[float, typer.Option(min=1, help="Most processor time of a run.")] = 3600,
    worker_mb: Annotated[int, typer.Option(min=512, help="Most memory of a worker.")] = 4096,
    free_mb: Annotated[float, typer.Option(min=0, help="Disk space that is always left free.")] = 200,
    kept_mb: Annotated[float, typer.Option(min=0, help="Space for replications that later studies reuse.")] = 2000,
) -> None:
    """Serve runs over HTTP, by default to this machine only; `/docs` describes the API.

    Example: `bordergate serve --port 8000 --data ./data`
    """
    with mistakes_shown():
        from api.http.server import serve as serve_runs
        from api.service.security.identity import read_identity
        from api.service.settings import Limits, ServiceSettings
        from experiments.runs.executors import cores, refuse_open_address

        logging.basicConfig(
            format="%(asctime)s %(levelname)s %(message)s", level=getattr(logging, log_level.value.upper())
        )
        limits = Limits(
            events=max_events,
            queued=max_queued,
            run_seconds=run_seconds,
            worker_mb=worker_mb,
            free_mb=free_mb,
            kept_mb=kept_mb,
            connections=max_connections,
        )
        settings = ServiceSettings(
            data=data or default_data_folder(),
            database=database,
            workers=workers or cores(),
            cluster=cluster,
            webhooks=tuple(webhook or ()),
            access_log=access_log,
            limits=limits,
        )
        identity = read_identity(identity_header, identity_from or [], identity_groups, identity_admins or [])
        if cluster is not None:
            refuse_open_address(cluster)
        serve_runs(
            settings,
            host,
            port,
            hosts=allow_host or [],
            origins=cors or [],
            keys=keys,
            identity=identity,
            ready=lambda address: console.print(
                f"Server running at {address} (API description: {address}/docs), data in {settings.data}",
                markup=False,
                soft_wrap=True,
            ),
        )
