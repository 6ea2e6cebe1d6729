#!/bin/sh
# emulated.sh ROOT PROGRAM WORK: makes the image with that llmzero-stick, twice, and tries it with emulated.py.
set -eu
root=$1 program=$2 work=$3
PATH=$PATH:/usr/sbin:/sbin # for fsck.vfat and sfdisk
not_tested() {
    echo "NOT TESTED: $1, so the stick was not tried in an emulated board."
    [ -z "${CI:-}" ] || exit 1
    exit 77
}
command -v qemu-system-arm > /dev/null || not_tested "qemu-system-arm is not installed"
rm -rf "$work"
mkdir -p "$work"
for image in first second; do
    "$root/tools/make-stick.sh" --program "$program" --work "$work/stick" -o "$work/$image.img" ||
        not_tested "the image could not be made"
done
cmp "$work/first.img" "$work/second.img"
rm "$work/second.img"
exec /usr/bin/python3 -B "$root/tests/emulated/emulated.py" "$work/first.img" "$work/stick"
