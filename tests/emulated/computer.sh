# shellcheck shell=sh
# The computer that the stick is plugged into, inside the emulated board: busybox sh, started before the stick's first
# process. What it is to do stands on the kernel's command line, host.play=SCENARIO,SCENARIO; see scenarios.sh.
#
# It speaks to emulated.py on the console, in lines that begin with "HOST":
#     saved NAME|TEXT   TEXT was added to this file
#     kept NAME|BYTES   a file of as many bytes, the first ones of busybox
#     check HOW         the volume is to be compared with all that, at once: the next line waits for an answer
#     cut               the power goes
#     FAILED, end
# Waiting is for events, with limits in the board's own time, which does not depend on how fast it is emulated.
export PATH=/host
/host/busybox --install -s /host

say() { echo "HOST $*" > /dev/console; }
fail() {
    dmesg | tail -n 60 > /dev/console
    say "FAILED: $*"
    sleep 100000
}
# wait_until SECONDS COMMAND...
wait_until() {
    left=$(($1 * 5))
    shift
    until "$@" > /dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.2
    done
}

load_modules() {
    while read -r module; do insmod "/host/$module" 2> /dev/null; done < /host/order
}

# ---- The drive ----

# disk N: "sda", the stick's disk (0), or the second one that it may have (1); fails where it has no medium.
disk() {
    for here in /sys/block/sd*; do
        case $(readlink "$here/device") in
            *:"$1") [ "$(cat "$here/size")" -gt 0 ] && echo "${here##*/}" && return ;;
        esac
    done
    return 1
}
# Grows each time that the stick is plugged in; nothing while it is not.
plugging() { cat /sys/bus/usb/devices/*-1/devnum 2> /dev/null; }
is_plugged() { name=$(disk 0) && [ -b "/dev/$name" ]; }
is_unplugged() { ! is_plugged; }
plugged() { wait_until 120 is_plugged || fail "the drive does not come"; }
unplugged() { wait_until "$1" is_unplugged || fail "the drive does not go"; }

n_gone=0 # how often the drive went away under a mount
mount_drive() { is_plugged && mounted_at=$(plugging) && mount -t vfat -o "$options" "/dev/$(disk 0)" /mnt; }
# mounted [OPTION]: at /mnt; with `flush` as desktops do it.
mounted() {
    options=utf8${1:+,$1}
    mkdir -p /mnt
    wait_until 120 mount_drive || fail "the drive cannot be mounted"
}
is_mount_dead() { [ "$(plugging)" != "$mounted_at" ]; }
unmounted() { umount /mnt || fail "the drive cannot be unmounted"; }
# The drive went and came: the old mount is of no use.
mounted_again() {
    n_gone=$((n_gone + 1))
    umount -l /mnt
    wait_until 120 mount_drive || fail "the drive cannot be mounted again"
}
ejected() { eject "/dev/$(disk 0)" || fail "the drive cannot be ejected"; }

# ---- Its files ----

# save NAME TEXT: adds to the file; TEXT as for printf %b.
save() {
    printf '%b' "$2" >> "/mnt/$1" || fail "$1 cannot be written"
    say "saved $1|$2"
}
# keep NAME BYTES: a file that is no text.
keep() {
    head -c "$2" /host/busybox > "/mnt/$1" || fail "$1 cannot be written"
    say "kept $1|$2"
}
# answers_of N: so many tokens at most.
answers_of() {
    sed -i "s/^max tokens = .*/max tokens = $1/" /mnt/SETTINGS.TXT
    has /mnt/SETTINGS.TXT "^max tokens = $1"
}
has() { grep -q "$2" "$1" || fail "$1 has no '$2', but: $(head -c 1000 "$1")"; }

# Each conversation ends with the line that closes an answer.
is_all_answered() {
    [ -z "$(find /mnt -name '*.txt' -size 0)" ] &&
        find /mnt -name '*.txt' -exec awk '{ last[FILENAME] = $0 }
            END { for (name in last) if (last[name] !~ /^--- llmzero: write below this line/) exit 1 }' {} +
}
# answered SECONDS: looks again whenever the drive was away. While it is going, nothing seems to be there at all.
answered() {
    looks=$1
    until is_all_answered && sleep 1 && ! is_mount_dead; do
        looks=$((looks - 1))
        [ "$looks" -gt 0 ] || fail "no answer, the volume says: $(cat /mnt/STATUS.TXT)"
        sleep 1
        ! is_mount_dead || mounted_again
    done
}
# As `HOST check` says: `answered`, or `kept` where the last answers may be missing. Unmounts.
verified() {
    unmounted
    sync
    say "check $1"
    read -r verdict < /dev/ttyS1
    [ "$verdict" = go ] || fail "no verdict"
}

# ---- The stick from inside ----

service() { awk '$2 == "(init)" && $4 == 1 { print $1 }' /proc/[0-9]*/stat; }
# Its CPU time in hundredths of a second.
service_time() { awk '$2 == "(init)" && $4 == 1 { print $14 }' /proc/[0-9]*/stat; }
has_thought() { [ "$(service_time)" -gt "$1" ]; }
# Until the service has used more time than for looking at the files: an answer is being made.
thinking() {
    begun=$(service_time)
    wait_until 120 has_thought $((begun + 30)) || fail "nothing is answered"
}
# power_cut [WRITES [FILE]]: the power goes, at once or as power-cut.cpp says.
power_cut() {
    say cut
    power-cut "${@:-0}" > /dev/console 2>&1
    fail "the power does not go"
}

# Until the stick's first process has mounted what is needed.
until [ -c /dev/console ] && [ -d /sys/class ] && [ -d /proc/self ]; do sleep 0.1; done
echo 1 > /proc/sys/kernel/printk
# shellcheck source=tests/emulated/scenarios.sh
. /host/scenarios.sh
# shellcheck disable=SC2013 # they are words
for scenario in $(sed 's/.*host.play=\([^ ]*\).*/\1/; s/,/ /g' /proc/cmdline); do
    say "begin $scenario"
    [ "$scenario" = cut_at_first ] || load_modules
    "play_$scenario"
done
say end
sleep 100000
