#!/bin/sh
# Makes an SD card image that turns a Raspberry Pi Zero into a USB stick which answers text files:
#
#     tools/make-stick.sh -o llmstick.img
#     tools/make-stick.sh --model FILE.gguf --size 256 -o llmstick.img
#
#   --model FILE   the model beside the embedded one; may be given several times, the first is the one that answers
#   --size MB      of the drive that the computer sees, 32 to 2048; 64 where nothing is said
#   -o FILE        the image; an existing file is replaced
#   --program FILE llmzero-stick for ARM, static, built already
#   --work DIR     where downloads and parts are kept; build/stick where nothing is said
#
# Needs no root, but for installing what is missing (Debian). Kernel and firmware are Debian's packages for armel, fetched
# and unpacked into --work; the machine's own packages stay as they are. The same packages and sources give the same bytes.
# The firmware's licence allows its use on a Raspberry Pi only.
#
#     sector 2048    boot, FAT32    firmware, kernel, device trees, initramfs, models/*.gguf: for a card reader
#     behind it      data, FAT16    the drive
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"
. "$root/tools/armel-packages.sh"
fail() {
    echo "tools/make-stick.sh: $1" >&2
    exit "${2:-1}"
}

models="" size=64 out="" program="" work=$root/build/stick
while [ $# -gt 0 ]; do
    case $1 in
        --model | --size | -o | --program | --work) [ $# -ge 2 ] || fail "$1 needs a value" 2 ;;
    esac
    case $1 in
        --model)
            case $2 in
                *'
'*) fail "the name of a model has a line break in it" 2 ;;
                *.gguf) ;;
                *) fail "--model $2: expected a file that ends in .gguf" 2 ;;
            esac
            [ -f "$2" ] || fail "--model $2: there is no such file" 2
            models="$models$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
"
            shift ;;
        --size) size=$2; shift ;;
        -o) out=$2; shift ;;
        --program)
            [ -f "$2" ] || fail "--program $2: there is no such file" 2
            program=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
            shift ;;
        --work) work=$2; shift ;;
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "what is $1? tools/make-stick.sh --help lists the options" 2 ;;
    esac
    shift
done
[ -n "$out" ] || fail "-o FILE is needed" 2
case $size in
    '' | *[!0-9]*) fail "--size $size: expected a number of MB" 2 ;;
esac
{ [ "$size" -ge 32 ] && [ "$size" -le 2048 ]; } || fail "--size $size: expected 32 to 2048 MB" 2

need_packages cmake ninja-build g++-arm-linux-gnueabi mtools dosfstools fdisk cpio gzip device-tree-compiler dpkg
folder=$(cd "$(dirname "$out")" 2> /dev/null && pwd) || fail "-o $out: there is no such folder" 2
out=$folder/$(basename "$out")
mkdir -p "$work"
work=$(cd "$work" && pwd)

# Where Debian has mkfs.vfat and sfdisk, which users' paths leave out.
PATH=$PATH:/usr/sbin:/sbin
# Dates inside the image; what a clock says would differ each time.
export SOURCE_DATE_EPOCH=1767225600 TZ=UTC LC_ALL=C
unset CXX CXXFLAGS CPPFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE
export CMAKE_GENERATOR=Ninja

fetch_packages() {
    armel_lists "$work/apt" || exit 1
    kernel=$(armel_kernel "$work/apt")
    [ -n "$kernel" ] || fail "Debian's linux-image-rpi for armel was not found"
    armel_unpack "$work/apt" "$work/unpacked" "$kernel" raspi-firmware || exit 1
    version=${kernel#linux-image-}
    modules=$work/unpacked/lib/modules/$version/kernel
}

build_service() {
    [ -z "$program" ] || return 0
    if ! { cmake --preset armv6 -DLLMZERO_BUILD_TESTS=OFF -S "$root" -B "$work/armv6" &&
        cmake --build "$work/armv6" --target llmzero-stick; } > "$work/build.log" 2>&1; then
        cat "$work/build.log" >&2
        fail "llmzero-stick could not be built"
    fi
    program=$work/armv6/llmzero-stick
}

# What PID 1 finds: itself as /init, and the modules that it loads, in the order of /modules/order.
make_initramfs() { # make_initramfs OUT
    rm -rf "$work/initramfs"
    mkdir -p "$work/initramfs/modules" "$work/initramfs/proc" "$work/initramfs/sys" "$work/initramfs/boot"
    arm-linux-gnueabi-strip -o "$work/initramfs/init" "$program"
    for module in fs/configfs/configfs drivers/usb/gadget/libcomposite drivers/usb/gadget/function/usb_f_mass_storage \
        drivers/leds/leds-gpio drivers/leds/trigger/ledtrig-timer fs/nls/nls_cp437 fs/nls/nls_ascii fs/fat/fat fs/fat/vfat; do
        [ -f "$modules/$module.ko" ] || fail "Debian's kernel $version has no module $module"
        cp "$modules/$module.ko" "$work/initramfs/modules/"
        echo "${module##*/}.ko" >> "$work/initramfs/modules/order"
    done
    find "$work/initramfs" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    chmod -R u=rwX,go=rX "$work/initramfs"
    (cd "$work/initramfs" && find . | sort | cpio --quiet --create --format=newc --reproducible --owner=0:0) | gzip -9n > "$1"
}

make_boot() { # make_boot FOLDER
    rm -rf "$1"
    mkdir -p "$1/models"
    for part in bootcode.bin start_cd.elf fixup_cd.dat; do
        cp "$work/unpacked/usr/lib/raspi-firmware/$part" "$1/"
    done
    cp "$work/unpacked/boot/vmlinuz-$version" "$1/kernel.img"
    for board in zero zero-w; do
        tree=$1/bcm2835-rpi-$board.dtb
        cp "$work/unpacked/usr/lib/linux-image-$version/${tree##*/}" "$tree"
        # The port is a device, whatever the cable says.
        fdtput -t s "$tree" /soc/usb@7e980000 dr_mode peripheral
    done
    cat > "$1/config.txt" << 'CONFIG'
# The smallest firmware, no waiting: the drive is to be there soon.
gpu_mem=16
start_file=start_cd.elf
fixup_file=fixup_cd.dat
boot_delay=0
disable_splash=1
kernel=kernel.img
initramfs initramfs.gz followkernel
upstream_kernel=1
[pi0]
device_tree=bcm2835-rpi-zero.dtb
[pi0w]
device_tree=bcm2835-rpi-zero-w.dtb
CONFIG
    echo "console=ttyS1,115200 quiet panic=5 llmzero.data=/dev/mmcblk0p2 llmzero.boot=/dev/mmcblk0p1" > "$1/cmdline.txt"
    cp "$work/unpacked/usr/share/doc/raspi-firmware/copyright" "$1/LICENCE.firmware"
    make_initramfs "$1/initramfs.gz"
    printf '%s' "$models" | while IFS= read -r model; do
        cp "$model" "$1/models/"
    done
    printf '%s' "$models" | head -n 1 | sed 's,.*/,,' > "$1/models/default"
    find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

make_image() { # make_image FOLDER OUT
    mib=1048576
    content=$(du -sb --apparent-size "$1" | cut -f 1)
    boot_mb=$(((content * 102 / 100 + 4 * mib) / mib + 1))
    [ "$boot_mb" -ge 36 ] || boot_mb=36 # FAT32 needs 65525 clusters
    rm -f "$2"
    truncate -s "$(((1 + boot_mb + size) * mib))" "$2"
    sfdisk --quiet "$2" << TABLE
label: dos
label-id: 0x6c6c6d7a
start=1MiB, size=${boot_mb}MiB, type=c, bootable
start=$((1 + boot_mb))MiB, size=${size}MiB, type=e
TABLE
    mkfs.vfat -F 32 -s 1 -i 4c4c4d42 -n LLMBOOT --invariant --offset 2048 "$2" $((boot_mb * 1024)) > "$work/mkfs.log" 2>&1
    mkfs.vfat -F 16 -i 4c4c4d44 -n LLMSTICK --invariant --offset $(((1 + boot_mb) * 2048)) "$2" $((size * 1024)) >> "$work/mkfs.log" 2>&1
    # One at a time and in order, so that the directory is the same each time.
    (cd "$1" && find . -mindepth 1 | sort | while IFS= read -r path; do
        if [ -d "$path" ]; then
            mmd -i "$2@@1M" "::$path"
        else
            mcopy -m -i "$2@@1M" "$path" "::$path"
        fi
    done)
}

fetch_packages
build_service
make_boot "$work/boot"
part=$out.part
make_image "$work/boot" "$part"
mv "$part" "$out"
echo "$out: $(($(stat -c %s "$out") / 1000000)) MB; write it to an SD card with any imager" >&2
