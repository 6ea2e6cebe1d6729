#!/bin/sh
# Installs what the timing model needs (Debian; root or sudo) and builds pizero_timing.so under build/pizero, or under
# $PIZERO_BUILD. Prints its path.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${PIZERO_BUILD:-$here/../../build/pizero}
. "$here/../../tools/packages.sh"
if ! command -v qemu-arm > /dev/null || ! command -v arm-linux-gnueabi-g++ > /dev/null || ! command -v gcc > /dev/null; then
    need_packages qemu-user g++-arm-linux-gnueabi gcc libc6-dev
fi
mkdir -p "$build"
# Renamed when complete: several runs may build it at once.
gcc -O2 -Wall -Wextra -shared -fPIC -fvisibility=hidden "$here/pizero_timing.c" -o "$build/pizero_timing.so.$$"
mv "$build/pizero_timing.so.$$" "$build/pizero_timing.so"
echo "$build/pizero_timing.so"
