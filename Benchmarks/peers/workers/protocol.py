"""The protocol of every worker: a JSON object a line in, a JSON object a line out.

    {"run": "unet-step"}  ->  {"seconds": 5.8, "cpu_seconds": 11.5, "peak_memory_bytes": 5100000000,
                               "ready_seconds": 0.7, "compile_seconds": 5.1}

A worker loads what is asked for at the first request, keeps it, and runs it once a request.
"""
import json
import sys
import time


def peak_memory_bytes():
    """The most this process had resident at once, mapped files included."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def clock(body):
    """What `body` returned, and the seconds it took."""
    start = time.perf_counter()
    result = body()
    return result, time.perf_counter() - start


def serve(load):
    """Answers requests until the input ends.

    `load(name)` returns a function that runs the named measurement once, the seconds from the folder to a model ready
    to compile, and the seconds to compile it.
    """
    # Libraries print to the standard output; only answers may go there.
    answers, sys.stdout = sys.stdout, sys.stderr
    loaded = {}
    for line in sys.stdin:
        name = json.loads(line)["run"]
        if name not in loaded:
            loaded[name] = load(name)
        run, ready, compiling = loaded[name]
        before = time.process_time()
        seconds = clock(run)[1]
        answer = {
            "seconds": seconds,
            "cpu_seconds": time.process_time() - before,
            "peak_memory_bytes": peak_memory_bytes(),
            "ready_seconds": ready,
            "compile_seconds": compiling,
        }
        print(json.dumps(answer), file=answers, flush=True)
