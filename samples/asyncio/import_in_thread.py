# What a module does when it is imported waits for a thread that imports the same module.
# expect: lock-cycle
# tasks: main, read
# resource: the import lock of import_in_thread
import asyncio


def read():
    from import_in_thread import limit  # <- waits

    return limit


async def main():
    print("hung", flush=True)
    return await asyncio.to_thread(read)  # <- waits


if __name__ == "__main__":
    import import_in_thread  # <- holds
else:
    limit = 10
    settings = asyncio.run(main())
