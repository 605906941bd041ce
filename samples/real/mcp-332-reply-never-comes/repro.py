"""mcp 1.6.0: a client asks a server that runs as its child, and the server dies before it answers.
The client's reader sees the end of the pipe and ends in peace; it tells nobody, so the request waits
on a private stream whose other end only the reader would have used."""
import asyncio
import sys

from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client

# Reads the first request and leaves.
SERVER = "import sys; sys.stdin.readline(); sys.exit('no such model')"


async def main():
    parameters = StdioServerParameters(command=sys.executable, args=["-c", SERVER])
    async with stdio_client(parameters) as (read, write):
        async with ClientSession(read, write) as session:
            print("asking the server ...", flush=True)
            try:
                await session.initialize()          # <- nobody is left who could answer
            except McpError as error:
                print("refused:", error, flush=True)


asyncio.run(main())
