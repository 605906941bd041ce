"""Found first through PYTHONPATH: starts the probe, then what sitecustomize it shadows."""
import os
import sys


def _chain():
    """Runs the sitecustomize that would have been found without this one."""
    here = os.path.dirname(os.path.abspath(__file__))
    for entry in sys.path:
        path = os.path.join(entry or os.curdir, "sitecustomize.py")
        if os.path.abspath(entry or os.curdir) == here or not os.path.isfile(path):
            continue
        try:
            import importlib.util
        except ImportError:
            # Python 2, started by a program that is recorded.
            import imp

            imp.load_source("sitecustomize", path)
            return
        spec = importlib.util.spec_from_file_location("sitecustomize", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)
        return


if os.environ.get("CORONER_TRACE") and sys.version_info >= (3, 4):
    try:
        import coroner_asyncio

        coroner_asyncio.arm()
    except Exception:
        # The program comes first: without its probe it runs unrecorded.
        pass
_chain()
