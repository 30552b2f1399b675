#!/usr/bin/env python3
"""A closed loop of chat completions by a Python client; prints requests a second.

usage: peers.py aiohttp|openai URL REQUESTS CONNECTIONS
"""
import asyncio
import sys
import time

LIBRARY, URL, REQUESTS, CONNECTIONS = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
MESSAGES = [{"role": "user", "content": "Which number is six times seven? The number alone."}]


async def closed_loop(ask):
    left = REQUESTS

    async def worker():
        nonlocal left
        while left > 0:
            left -= 1
            await ask()

    start = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    print(REQUESTS / (time.monotonic() - start))


async def with_aiohttp():
    import aiohttp

    body = {"model": "m", "temperature": 0, "messages": MESSAGES}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

        async def ask():
            async with session.post(URL + "/v1/chat/completions", json=body) as answer:
                assert (await answer.json())["choices"]

        await closed_loop(ask)


async def with_openai():
    import openai

    client = openai.AsyncOpenAI(base_url=URL + "/v1", api_key="none", max_retries=0)

    async def ask():
        assert (await client.chat.completions.create(model="m", temperature=0, messages=MESSAGES)).choices

    await closed_loop(ask)


asyncio.run(with_aiohttp() if LIBRARY == "aiohttp" else with_openai())
