"""Rows of medians and their ratios, as a table or as JSON."""
import dataclasses
import os
import platform
import statistics


@dataclasses.dataclass
class Row:
    title: str
    # "seconds" or "bytes".
    unit: str
    peer: str
    ours: list
    theirs: list
    # Medians of the processors' time, where both sides tell; hardly changed by what else the machine does.
    cpu_ratio: float | None = None

    @staticmethod
    def of(title, key, peer, ours, theirs):
        values = [[answer[key] for answer in side] for side in (ours, theirs)]
        row = Row(title, "bytes" if key.endswith("bytes") else "seconds", peer, *values)
        if key == "seconds" and all("cpu_seconds" in answer for answer in [*ours, *theirs]):
            row.cpu_ratio = ratio(*[[answer["cpu_seconds"] for answer in side] for side in (ours, theirs)])
        return row

    @staticmethod
    def alone(title, key, peer, theirs):
        return Row.of(title, key, peer, [], theirs)

    def json(self):
        return {
            "measurement": self.title,
            "peer": self.peer,
            f"glint_median_{self.unit}": median(self.ours),
            f"peer_median_{self.unit}": median(self.theirs),
            "ratio_of_medians": ratio(self.ours, self.theirs),
            "ratio_of_cpu_time_medians": self.cpu_ratio,
            f"glint_{self.unit}": self.ours,
            f"peer_{self.unit}": self.theirs,
        }

    def cells(self):
        show = amount if self.unit == "bytes" else duration
        def spread(values):
            return f"{show(min(values))} … {show(max(values))}" if len(values) > 1 else ""
        middle = [show(median(values)) if values else "" for values in (self.ours, self.theirs)]
        quotient = ratio(self.ours, self.theirs)
        return [self.title, self.peer, *middle, "" if quotient is None else f"{quotient:.3f}",
                "" if self.cpu_ratio is None else f"{self.cpu_ratio:.3f}", spread(self.ours), spread(self.theirs)]


def median(values):
    return statistics.median(values) if values else None


def ratio(ours, theirs):
    """Ours to theirs: below 1 is less time or memory than the peer's."""
    return median(ours) / median(theirs) if ours and theirs else None


def duration(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


def amount(count):
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def machine():
    with open("/proc/cpuinfo") as cpuinfo:
        names = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average_before": os.getloadavg()[0],
    }


HEADINGS = ["measurement", "peer", "glint", "peer's", "ratio", "CPU time", "glint's range", "peer's range"]


def table(rows):
    """A Markdown table; medians, and ratios of medians."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *[row.cells() for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
