# A sensor writes into a bounded queue whose reader stopped after the samples it wanted.
# expect: queue-no-consumer
# tasks: sample
# resource: readings
import asyncio


class Sensor:
    def __init__(self):
        self.readings = asyncio.Queue(maxsize=2)

    async def sample(self):
        for value in range(100):
            await self.readings.put(value)  # <- waits

    async def average(self, count):
        return sum([await self.readings.get() for _ in range(count)]) / count


async def main():
    sensor = Sensor()
    sampling = asyncio.create_task(sensor.sample(), name="sample")
    await asyncio.create_task(sensor.average(5), name="average")
    await asyncio.sleep(0.05)
    print("hung", flush=True)
    await sampling


asyncio.run(main())
