"""Where a traced network's time goes: milliseconds a run, summed by node type and by kernel.

    python node_times.py NAME IR_FOLDER TINY_VAE_IR HEIGHT WIDTH [REPEATS]
"""
import collections
import statistics
import sys

from network import load


def main():
    name, folder, tiny_vae, height, width, *repeats = sys.argv[1:]
    request, _, _ = load(name, folder, tiny_vae, int(height), int(width), PERF_COUNT=True)
    runs = []
    for _ in range(1 + int(repeats[0] if repeats else 3)):
        request.infer()
        runs.append(request.profiling_info)
    # The first run warms up; every run lists the same nodes in the same order.
    sums, counts = collections.Counter(), collections.Counter()
    nodes = []
    for times in zip(*runs[1:]):
        node = times[0]
        milliseconds = statistics.median(time.real_time.total_seconds() * 1e3 for time in times)
        if str(node.status).endswith("NOT_RUN"):
            continue
        sums[node.node_type, node.exec_type] += milliseconds
        counts[node.node_type, node.exec_type] += 1
        nodes.append((milliseconds, node.node_type, node.exec_type, node.node_name))
    total = sum(sums.values())
    print(f"{name}: {total:.1f} ms in {len(nodes)} nodes")
    print(f"{'ms':>10} {'share':>7} {'nodes':>6}  type / kernel")
    for (node_type, kernel), milliseconds in sums.most_common():
        print(f"{milliseconds:10.2f} {100 * milliseconds / total:6.1f}% {counts[node_type, kernel]:6}  {node_type} / {kernel}")
    print("\nlongest nodes")
    for milliseconds, node_type, kernel, node in sorted(nodes, reverse=True)[:40]:
        print(f"{milliseconds:10.2f}  {node_type} / {kernel}  {node}")


if __name__ == "__main__":
    main()
