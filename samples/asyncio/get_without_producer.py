# The producer ends without telling the consumer that nothing more will come.
# expect: queue-no-producer
# tasks: index
# resource: documents
import asyncio


class Indexer:
    def __init__(self):
        self.documents = asyncio.Queue()
        self.index = {}

    async def scan(self, texts):
        for text in texts:
            await self.documents.put(text)
            await asyncio.sleep(0.01)

    async def build(self):
        while True:
            text = await self.documents.get()  # <- waits
            if text is None:
                return self.index
            self.index[text] = text.split()


async def main():
    indexer = Indexer()
    scan = asyncio.create_task(indexer.scan(["to be", "or not"]), name="scan")
    index = asyncio.create_task(indexer.build(), name="index")
    await scan
    print("hung", flush=True)
    print(await index)


asyncio.run(main())
