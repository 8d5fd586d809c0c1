"""Processes that are measured: workers that stay loaded and answer a request a line, and commands that run once."""
import contextlib
import json
import os
import subprocess
import time


class Failed(Exception):
    """A side that could not be measured, in words for the person who asked."""


def environment():
    """Nothing here may download a model, or report home."""
    return os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OPENVINO_TELEMETRY": "0"}


class Worker:
    """A process that speaks the protocol of `workers/protocol.py`, as `glint bench worker` does."""

    def __init__(self, side, log):
        self.side = side
        self.log = log
        self.started = time.perf_counter()
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                side.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment())

    def run(self, name):
        """One measurement: the answer, with `since_start_seconds` from the start of the process to it."""
        try:
            self.process.stdin.write(json.dumps({"run": name}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        since_start = time.perf_counter() - self.started
        if not line:
            raise Failed(f"{self.side.name} ended without an answer to '{name}'; see {self.log}")
        answer = json.loads(line)
        if "seconds" not in answer:
            raise Failed(f"{self.side.name} on '{name}': {answer.get('error', line.strip())}")
        return answer | {"since_start_seconds": since_start}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_once(side, log):
    """Runs a command to its end: seconds, and the most memory it had resident at once, mapped files included."""
    start = time.perf_counter()
    with open(log, "ab") as output:
        process = subprocess.Popen(side.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"{side.name} failed with exit code {process.returncode}; see {log}")
    # ru_maxrss is the VmHWM of the process at its end, or of a child of it if that had more.
    return {"seconds": time.perf_counter() - start, "peak_memory_bytes": usage.ru_maxrss * 1024}
