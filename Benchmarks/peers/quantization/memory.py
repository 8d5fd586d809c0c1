"""A process's memory, as Linux counts it."""
import pathlib
import threading


def status(process, field):
    """A line of /proc/PROCESS/status in bytes; 0 when the process has ended."""
    try:
        lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":")), 0)


def peak_memory_bytes(process):
    """The most that was resident at once, mapped files included."""
    return status(process, "VmHWM")


class AnonymousPeak:
    """The most that was resident at once and no part of a mapped file: the kernel keeps no record, so it is looked at often."""

    SECONDS = 0.05

    def __init__(self, process):
        self.process = process
        self.bytes = 0
        self.peak_bytes = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.ended.wait(self.SECONDS):
            self.look()

    def look(self):
        self.bytes = max(self.bytes, status(self.process, "RssAnon"))
        self.peak_bytes = max(self.peak_bytes, peak_memory_bytes(self.process))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.look()
