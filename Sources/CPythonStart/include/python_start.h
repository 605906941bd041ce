/* Preloaded into a Python program, this arms the probe for asyncio while the interpreter starts, whatever the
 * interpreter is told to ignore: -I and -E leave out PYTHONPATH, -S leaves out sitecustomize. It works by
 * itself, before main; there is nothing to call. */
#pragma once
