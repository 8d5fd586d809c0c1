#!/bin/sh
# All stages of a preset, one after another: run.sh smoke|cpu|cuda WORK [OUT]
# PYTHON names the interpreter that has requirements.txt installed.
set -eu
preset=${1:?smoke, cpu or cuda} work=${2:?folder for what lies between the stages} out=${3:-$2/emoji-lcm}
here=$(dirname "$0")
stage() { script=$1 seconds=$2; shift 2; "${PYTHON:-python3}" "$here/$script.py" --preset "$preset" --out "$work" --seconds "$seconds" "$@"; }

case $preset in
smoke)
    stage autoencoder 5; stage text 5
    stage regression 10; stage teacher 5; stage distillation 5; stage classifier 5 ;;
cpu)
    stage autoencoder 1600; stage text 300
    stage regression 5700; stage autoencoder 600 --decoder; stage classifier 240 ;;
cuda)
    stage autoencoder 240; stage text 60
    stage teacher 560; stage teacher 400 --resume --last
    stage distillation 300; stage classifier 60 ;;
esac
case $preset in cuda) weights=student.pt captions=300 ;; cpu) weights=regression.pt captions=300 ;; *) weights=regression.pt captions=4 ;; esac
"${PYTHON:-python3}" "$here/export.py" --preset "$preset" --work "$work" --weights "$weights" --out "$out"
"${PYTHON:-python3}" "$here/evaluate.py" --preset "$preset" --work "$work" --model "$out" --captions "$captions"
