"""Models, for editors: which there are, and fetching one with progress.

Nothing is fetched unless the user asks for it.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from engine.store import MODELS, Store, StoreError, find_spec
from seed_lsp.errors import CancelledError, FetchFailedError
from seed_lsp.server.failures import reports_errors
from seed_lsp.server.progress import WorkProgress
from seed_lsp.server.server import SeedServer

MODELS_COMMAND = "seed.models"
FETCH_MODEL = "seed.fetchModel"


def register(server: SeedServer) -> None:
    server.command(MODELS_COMMAND)(models)
    server.command(FETCH_MODEL)(fetch_model)


async def models(server: SeedServer) -> dict[str, Any]:
    """Command `seed.models`: the published models, the chosen one, and what is missing.

    Each model has its size, and whether it is here.
    """
    settings, store = await server.session.settled(), Store()
    return {
        "chosen": settings.model,
        "missing": server.session.missing_model(),
        "models": [
            {
                "name": spec.name,
                "alias": spec.alias,
                "bytes": spec.size_bytes,
                "fetched": store.is_fetched(spec),
                "inlineOnly": bool(spec.merged_lora),
            }
            for spec in MODELS
        ],
    }


async def fetch_model(server: SeedServer, name: str) -> dict[str, Any]:
    """Command `seed.fetchModel`: bring a model's file into the cache.

    The user may cancel; what came stays for the next time.
    """
    return await _fetch(server, name)


@reports_errors(show_to_user=True)
async def _fetch(server: SeedServer, name: str) -> dict[str, Any]:
    loop, unwanted = asyncio.get_running_loop(), threading.Event()
    try:
        spec = find_spec(name)
        async with WorkProgress(server, f"Seed: fetching {spec.name}", measured=True) as progress:

            def report(what: str, done: int, total: int) -> None:
                if unwanted.is_set():
                    raise CancelledError("cancelled; what came so far is used by the next fetch")
                share = round(100 * done / total) if total else 0
                loop.call_soon_threadsafe(tell, f"{what} {done / 1e6:,.0f} of {total / 1e6:,.0f} MB", share)

            def tell(message: str, share: int) -> None:
                progress.say(message, share)
                server.session.status.say("Normal", f"fetching {spec.name}", share)

            try:
                path = await progress.cancellable(asyncio.to_thread(Store().fetch, spec, report))
            finally:
                unwanted.set()
                server.session.status.say("Normal", "ready")
    except StoreError as error:
        raise FetchFailedError(str(error)) from error
    return {"name": spec.name, "path": str(path)}
