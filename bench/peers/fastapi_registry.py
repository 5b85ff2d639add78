"""Seed 003's registry as its document describes it: FastAPI, dictionaries in memory, every operation under one asyncio.Lock.

Written for comparison only. An index by id is kept beside the lists, so that a heartbeat is not a search: the document
leaves that open, and without it the comparison would be with the search.
"""
import asyncio
import socket
import sys
import time
import uuid
from datetime import datetime, timezone

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

HEARTBEAT_TIMEOUT = 86400.0
CLEANUP_INTERVAL = 10.0

app = FastAPI()
lock = asyncio.Lock()
services: dict[str, list[dict]] = {}
by_id: dict[str, dict] = {}


class Registration(BaseModel):
    service_name: str
    base_url: str


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")


def shown(instance: dict) -> dict:
    return {**instance, "registered_at": iso(instance["registered_at"]), "last_heartbeat": iso(instance["last_heartbeat"])}


def remove(instance: dict) -> None:
    del by_id[instance["instance_id"]]
    instances = services[instance["service_name"]]
    instances.remove(instance)
    if not instances:
        del services[instance["service_name"]]


@app.on_event("startup")
async def startup() -> None:
    app.state.cleanup = asyncio.create_task(clean_up())


async def clean_up() -> None:
    while True:
        await asyncio.sleep(CLEANUP_INTERVAL)
        async with lock:
            oldest = time.time() - HEARTBEAT_TIMEOUT
            for instance in [one for one in by_id.values() if one["last_heartbeat"] < oldest]:
                remove(instance)


@app.post("/register", status_code=201)
async def register(registration: Registration):
    now = time.time()
    instance = {
        "instance_id": str(uuid.uuid4()),
        "service_name": registration.service_name,
        "base_url": registration.base_url,
        "registered_at": now,
        "last_heartbeat": now,
    }
    async with lock:
        services.setdefault(registration.service_name, []).append(instance)
        by_id[instance["instance_id"]] = instance
        return shown(instance)


@app.post("/heartbeat/{instance_id}")
async def heartbeat(instance_id: str):
    async with lock:
        instance = by_id.get(instance_id)
        if instance is None:
            raise HTTPException(404, "unknown instance")
        instance["last_heartbeat"] = time.time()
        return {"status": "ok", "instance_id": instance_id}


@app.delete("/deregister/{instance_id}")
async def deregister(instance_id: str):
    async with lock:
        instance = by_id.get(instance_id)
        if instance is None:
            raise HTTPException(404, "unknown instance")
        remove(instance)
        return {"status": "ok", "instance_id": instance_id}


@app.get("/services/{service_name}")
async def service(service_name: str):
    async with lock:
        instances = [shown(instance) for instance in services.get(service_name, [])]
    return {"service_name": service_name, "instances": instances, "count": len(instances)}


@app.get("/services")
async def all_services():
    async with lock:
        return {name: [shown(instance) for instance in instances] for name, instances in services.items()}


@app.get("/status")
async def status():
    async with lock:
        counts = {name: len(instances) for name, instances in services.items()}
    return {"status": "ok", "services": counts, "total_instances": sum(counts.values())}


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"port {listener.getsockname()[1]}", flush=True)
    loop, http = (sys.argv[1:] + ["auto", "auto"])[:2]
    # As uvicorn is run in production: no line for each request.
    uvicorn.Server(uvicorn.Config(app, loop=loop, http=http, log_level="warning", access_log=False)).run(sockets=[listener])
