"""httpcore 1.0.9, HTTP/2: two requests are under way on one connection when the server says that it
takes only one at a time from now on. The task that reads this holds the read lock and now takes
permits back; those in use come free only when their responses are read, which takes the read lock."""
import asyncio

import h2.config
import h2.connection
import h2.events
import h2.settings
import httpcore


async def serve(reader, writer):
    """A server for two requests, which becomes modest when it has seen both."""
    http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    http.initiate_connection()
    writer.write(http.data_to_send())
    streams = []
    while data := await reader.read(65536):
        for event in http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                streams.append(event.stream_id)
                if event.stream_id == 1:
                    continue
                print("server: one at a time, please", flush=True)
                http.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1})
                for stream in streams:
                    http.send_headers(stream, [(":status", "200")])
                    http.send_data(stream, b"hello", end_stream=True)
        writer.write(http.data_to_send())
    writer.close()


async def fetch(pool, url):
    response = await pool.request("GET", url)       # <- both wait here, for each other
    return response.status, response.content


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    async with httpcore.AsyncConnectionPool(http1=False, http2=True) as pool:
        first = asyncio.create_task(fetch(pool, url + "a"), name="fetch-a")
        await asyncio.sleep(0.3)                    # connected, and knows the server's settings
        second = asyncio.create_task(fetch(pool, url + "b"), name="fetch-b")
        print(await first, await second)
    server.close()
    await server.wait_closed()


asyncio.run(main())
