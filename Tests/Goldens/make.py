"""Makes all goldens again: runs each area's `make.py`, and refuses a total above the budget."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BUDGET = 9 << 20


def size(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def main():
    for script in sorted(HERE.glob("*/**/make.py")):
        print(f"== {script.parent.relative_to(HERE)}", flush=True)
        subprocess.run([sys.executable, str(script)], check=True)
    for script in sorted(HERE.glob("*/**/make.py")):
        print(f"{size(script.parent):>10,} bytes  {script.parent.relative_to(HERE)}")
    total = size(HERE)
    print(f"{total:>10,} bytes  in all")
    if total > BUDGET:
        sys.exit(f"the goldens may take {BUDGET:,} bytes")


if __name__ == "__main__":
    main()
