/// The program that `coroner demo` records: two tasks that take two locks in opposite order.
enum DemoProgram {
  static let fileName = "demo.py"

  /// Written out by it when both tasks are on their way to hang.
  static let sign = "both tasks are under way"

  static let source = """
    import asyncio


    class Store:
        def __init__(self):
            self.cache_lock = asyncio.Lock()
            self.journal_lock = asyncio.Lock()
            self.cache, self.journal = {}, []

        async def put(self, key, value):
            async with self.cache_lock:
                self.cache[key] = value
                await asyncio.sleep(0)
                async with self.journal_lock:
                    self.journal.append(key)

        async def compact(self):
            async with self.journal_lock:
                self.journal.sort()
                await asyncio.sleep(0)
                async with self.cache_lock:
                    self.cache.clear()


    async def main():
        store = Store()
        put = asyncio.create_task(store.put("a", 1), name="put")
        compact = asyncio.create_task(store.compact(), name="compact")
        print("\(sign)", flush=True)
        await asyncio.gather(put, compact)


    asyncio.run(main())

    """
}
