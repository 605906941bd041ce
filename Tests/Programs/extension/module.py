"""The module in Swift, as Python sees it; sys.argv names its file."""
import asyncio
import ctypes
import sys

Answer = ctypes.CFUNCTYPE(None, ctypes.c_ssize_t)
swift = ctypes.CDLL(sys.argv[1])
swift.sum_of_squares.restype = ctypes.c_ssize_t
swift.sum_of_squares.argtypes = [ctypes.c_ssize_t]
# Its calls keep the interpreter's lock.
holding = ctypes.PyDLL(sys.argv[1])
kept = []


def answer_to(future):
    """What Swift calls from any thread to resolve a future of the loop that runs."""
    loop = asyncio.get_running_loop()

    def resolve(value):
        loop.call_soon_threadsafe(future.set_result, value)

    kept.append(Answer(resolve))
    return kept[-1]
