#!/bin/sh
# emulated.sh ROOT PROGRAM WORK: makes the image with that llmzero-stick, twice, and plays the scenarios of emulated.py.
set -eu
root=$1 program=$2 work=$3
if ! command -v qemu-system-arm > /dev/null; then
    echo "NOT TESTED: qemu-system-arm is not installed, so the stick was not tried in an emulated board."
    [ -z "${CI:-}" ] || exit 1
    exit 77
fi
rm -rf "$work"
mkdir -p "$work"
for image in first second; do
    "$root/tools/make-stick.sh" --program "$program" --work "$work/stick" -o "$work/$image.img"
done
cmp "$work/first.img" "$work/second.img"
rm "$work/second.img"
exec /usr/bin/python3 -B "$root/tests/emulated/emulated.py" "$work/first.img" "$work/stick"
