"""Tasks and threads that wait, each for a thing that is held in its own way, which its name begins with:
orphan_ by nobody but itself, root_ by what may act, descriptor_, timer_ and task_ by one of these; peer_ by a
descriptor whose other end is held by what is named next."""
import asyncio
import contextvars
import functools
import queue
import signal
import socket
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

variable = contextvars.ContextVar("variable")
weak_values = weakref.WeakValueDictionary()
module_future = None
keep = []


class Holder:
    pass


class Future(asyncio.Future):
    pass


def new():
    return asyncio.get_running_loop().create_future()


async def orphan_future():
    future = new()
    await future


async def orphan_event():
    event = asyncio.Event()
    await event.wait()


async def orphan_queue():
    await asyncio.Queue().get()


async def orphan_lock():
    lock = asyncio.Lock()
    await lock.acquire()
    await lock.acquire()


async def orphan_condition():
    condition = asyncio.Condition()
    async with condition:
        await condition.wait()


async def orphan_own_callback():
    future = new()
    future.add_done_callback(lambda _: future.cancelled())
    await future


async def orphan_subclass():
    await Future()


async def orphan_shield():
    await asyncio.shield(new())


async def orphan_gather_inner():
    await new()


async def orphan_wait():
    await asyncio.wait({new(), new()})


async def orphan_two_waiters():
    event = asyncio.Event()
    keep_two = asyncio.ensure_future(named("orphan_second", event.wait()))
    await event.wait()
    del keep_two


async def named(name, awaitable):
    asyncio.current_task().set_name(name)
    return await awaitable


async def generator_of(future):
    try:
        yield 1
        await future
        yield 2
    finally:
        pass


async def orphan_in_generator():
    async for _ in generator_of(new()):
        pass


async def root_module():
    global module_future
    module_future = new()
    await module_future


async def root_call_soon_thread(pool):
    future = new()
    pool.submit(waiting_job, future)
    await future


stop = threading.Event()


def waiting_job(held):
    # A wait with a limit is no wait for ever.
    stop.wait(1000)
    del held


async def root_thread_local():
    future = new()

    def body():
        local = future
        stop.wait(1000)
        del local
    threading.Thread(target=body, daemon=True).start()
    await future


async def root_weak():
    holder = Holder()
    holder.future = new()
    keep.append(weakref.ref(holder))
    await holder.future


async def root_weak_values():
    future = new()
    weak_values["future"] = future
    await future


async def root_context():
    future = new()

    def body():
        variable.set(future)
        stop.wait(1000)
    threading.Thread(target=contextvars.copy_context().run, args=(body,), daemon=True).start()
    await future


async def root_partial():
    future = new()
    keep.append(functools.partial(future.set_result, None))
    await future


async def root_signal():
    future = new()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: future.set_result(None))
    await future


async def root_c_iterator():
    future = new()
    keep.append(iter([future]))
    await future


async def root_generator():
    future = new()
    generator = generator_of(future)
    await generator.__anext__()
    keep.append(generator)
    await future


async def descriptor_reader():
    future = new()
    a, b = socket.socketpair()
    keep.append((a, b))
    asyncio.get_running_loop().add_reader(a, lambda: future.set_result(None))
    await future


async def descriptor_stream():
    a, b = socket.socketpair()
    keep.append(b)
    reader, writer = await asyncio.open_connection(sock=a)
    await reader.read(1)


async def read_from_pair(act=None):
    a, b = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=a)
    if act:
        act(b)
    await reader.read(1)
    del b


async def peer_task():
    await read_from_pair()


async def peer_timer():
    loop = asyncio.get_running_loop()
    await read_from_pair(lambda end: loop.call_later(1000, end.send, b"x"))


async def peer_root():
    await read_from_pair(keep.append)


async def timer_sleep():
    await asyncio.sleep(1000)


async def timer_call_later():
    future = new()
    asyncio.get_running_loop().call_later(1000, lambda: future.set_result(None))
    await future


async def timer_deep():
    holder = Holder()
    holder.a = Holder()
    holder.a.b = Holder()
    holder.a.b.c = Holder()
    holder.a.b.c.d = Holder()
    holder.a.b.c.d.future = new()
    holder.act = functools.partial(print, holder)
    asyncio.get_running_loop().call_later(1000, holder.act)
    await holder.a.b.c.d.future


async def task_frame():
    event = asyncio.Event()

    async def setter():
        await asyncio.sleep(1000)
        event.set()
    asyncio.current_task().held = asyncio.ensure_future(named("timer_setter", setter()))
    await event.wait()


async def task_callback():
    future = new()
    other = asyncio.ensure_future(named("timer_other", asyncio.sleep(1000)))
    other.add_done_callback(lambda _: future.set_result(None))
    await future


async def task_queue():
    queue = asyncio.Queue()

    async def producer():
        await asyncio.sleep(1000)
        await queue.put(1)
    asyncio.current_task().held = asyncio.ensure_future(named("timer_producer", producer()))
    await queue.get()


async def task_gather():
    await asyncio.gather(named("orphan_child", orphan_future()), named("timer_child", asyncio.sleep(1000)))


def orphan_thread_condition():
    condition = threading.Condition()
    with condition:
        condition.wait()


def orphan_thread_event(event):
    event.wait()


def orphan_thread_queue():
    items = queue.Queue()
    items.get()


def root_thread_shared(event):
    event.wait()


def live_thread_shared(event):
    stop.wait(1000)
    event.set()


def root_thread_module():
    module_event.wait()


module_event = threading.Event()


def start(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


def start_threads():
    start(orphan_thread_condition)
    start(orphan_thread_event, threading.Event())
    start(orphan_thread_queue)
    shared = threading.Event()
    start(root_thread_shared, shared)
    start(live_thread_shared, shared)
    start(root_thread_module)


async def main():
    start_threads()
    pool = ThreadPoolExecutor(1)
    tasks = []
    for name, function in list(globals().items()):
        if name.split("_")[0] in ("orphan", "root", "descriptor", "timer", "task", "peer"):
            if asyncio.iscoroutinefunction(function):
                arguments = (pool,) if name == "root_call_soon_thread" else ()
                tasks.append(asyncio.ensure_future(named(name, function(*arguments))))
    await asyncio.sleep(0.2)
    print("hung", flush=True)
    await new()


asyncio.run(main())
