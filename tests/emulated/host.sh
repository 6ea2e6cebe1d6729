# The computer that the stick is plugged into, inside the emulated board: busybox sh, started before the stick's first
# process. host.scenario=NAME on the kernel's command line says what it does. What it says begins with "HOST".
export PATH=/host
bb=/host/busybox

say() { echo "HOST $*" > /dev/console; }
fail() { say "FAILED: $*"; say end; $bb sleep 1000; }
# wait_until SECONDS COMMAND...
wait_until() {
    left=$(($1 * 5))
    shift
    until "$@" > /dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        $bb sleep 0.2
    done
}
uptime_s() { $bb cut -d . -f 1 /proc/uptime; }

drive_is_there() { [ -b /dev/sda ] && [ "$($bb cat /sys/block/sda/size)" -gt 0 ]; }
drive_is_gone() { ! drive_is_there; }
plugged() { wait_until "${1:-60}" drive_is_there || fail "the drive did not come"; say "drive $(uptime_s)"; }
unplugged() { wait_until "${1:-120}" drive_is_gone || fail "the drive did not go"; }
mounted() { # mounted OPTIONS
    $bb mkdir -p /mnt
    $bb mount -t vfat -o "utf8$1" /dev/sda /mnt || fail "the drive cannot be mounted"
}
unmounted() { $bb umount /mnt || fail "the drive cannot be unmounted"; }
# The drive went and came with an answer: the old mount is dead.
answered() { unplugged "$1"; $bb umount -l /mnt 2> /dev/null; plugged; mounted "$2"; }
ejected() { /host/eject /dev/sda || fail "the drive cannot be ejected"; }
has() { $bb grep -q "$2" "$1" || fail "$1 has no '$2'"; }

# Until the stick's first process has mounted what it needs.
until [ -c /dev/console ] && [ -d /sys/class ]; do $bb sleep 0.1; done
for module in $($bb cat /host/order); do
    $bb insmod "/host/$module" 2> /dev/null
done
scenario=$($bb sed -n 's/.*host.scenario=\([^ ]*\).*/\1/p' /proc/cmdline)
say "begin $scenario"

case $scenario in
    flush)
        plugged
        mounted ,flush
        for name in README.TXT SETTINGS.TXT STATUS.TXT; do
            [ -s "/mnt/$name" ] || fail "$name is not there"
        done
        printf 'Once upon a time there was a small dragon' > /mnt/story.txt
        $bb sync
        answered 120 ,flush
        has /mnt/story.txt 'small dragon'
        # The second and the third turn.
        for turn in 2 3; do
            printf '\nThe dragon had a friend %s' $turn >> /mnt/story.txt
            $bb sync
            answered 120 ,flush
        done
        $bb mkdir -p /mnt/deep/er
        printf 'One day a girl' > /mnt/deep/er/girl.txt
        : > "/mnt/The sun was warm.txt"
        unmounted
        ejected
        unplugged 120
        plugged
        mounted ''
        unmounted
        ;;
    # A computer that writes when it likes; then twenty questions at once, and one more while they are answered.
    plain)
        plugged
        mounted ''
        printf 'Once upon a time there was a plain dragon' > /mnt/plain.txt
        answered 150 ,flush
        has /mnt/plain.txt 'plain dragon.*'
        for i in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20; do
            printf 'Story %s: once a cat' $i > /mnt/burst$i.txt
        done
        $bb sync
        $bb sleep 6
        printf 'One day a late dog' > /mnt/late.txt
        $bb sync
        answered 200 ,flush
        n_gone=1
        while [ "$($bb grep -l 'llmzero' /mnt/burst*.txt /mnt/late.txt | $bb wc -l)" -lt 21 ]; do
            answered 200 ,flush
            n_gone=$((n_gone + 1))
        done
        say "21 questions answered with $n_gone disconnects"
        unmounted
        ;;
    # The owner formats the drive as FAT32; later something makes it no volume at all.
    reformat)
        plugged
        $bb mkfs.vfat /dev/sda > /dev/null || fail "the drive cannot be formatted"
        $bb sync
        mounted ,flush
        printf 'Once upon a time there was a new drive' > /mnt/new.txt
        $bb sync
        answered 120 ,flush
        has /mnt/new.txt 'llmzero'
        unmounted
        $bb dd if=/dev/zero of=/dev/sda bs=64k count=4 2> /dev/null
        $bb sync
        unplugged 120
        plugged
        mounted ,flush
        has /mnt/STATUS.TXT 'cannot be used'
        [ -b /dev/sdb ] || fail "the old volume is not beside the fresh one"
        printf 'Once upon a time there was a fresh drive' > /mnt/fresh.txt
        $bb sync
        answered 120 ,flush
        has /mnt/fresh.txt 'llmzero'
        unmounted
        ;;
    # The stick is pulled out at some moment; it is booted again by `again`.
    cut)
        plugged
        mounted ,flush
        printf 'kept for ever' > /mnt/kept.md5
        printf 'Once upon a time there was a dragon who was cut' > /mnt/cut.txt
        $bb sync
        $bb sleep 3
        say saved
        answered 120 ,flush
        ;;
    again)
        plugged
        mounted ,flush
        [ "$($bb cat /mnt/kept.md5)" = 'kept for ever' ] || fail "what was there before is gone"
        until $bb grep -q llmzero /mnt/cut.txt; do
            answered 120 ,flush
        done
        unmounted
        ;;
    *) fail "there is no scenario '$scenario'" ;;
esac
say passed
$bb sync
say end
$bb sleep 1000
