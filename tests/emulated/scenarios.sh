# shellcheck shell=sh
# What people do with the stick, in the words of computer.sh. A scenario finds the drive plugged in or on its way, and
# leaves it unmounted and idle, or cuts the power.

# The very first plug: everything is there at once, and stays. Answers are short from here on.
play_first() {
    plugged
    first=$(plugging)
    mounted flush
    for name in README.TXT SETTINGS.TXT STATUS.TXT; do
        [ -s "/mnt/$name" ] || fail "$name is not there"
    done
    sleep 15
    [ "$(plugging)" = "$first" ] || fail "the drive goes away though nothing was asked"
    answers_of 10
    keep photo.jpg 100000
    # German, Hebrew, Chinese, and a cat.
    keep "$(printf 'Gr\303\274\303\237e, \327\251\327\234\327\225\327\235, \344\275\240\345\245\275 \360\237\220\261.bin')" 70000
    verified kept
}

# A desktop that writes at once: a conversation of three turns, and one in a folder.
play_flush() {
    plugged
    mounted flush
    save story.txt 'Once upon a time there was a small dragon.\n'
    sync
    answered 300
    for turn in two three; do
        save story.txt "The dragon had a friend called $turn.\n"
        sync
        answered 300
    done
    mkdir -p /mnt/deep/er
    save deep/er/girl.txt 'One day a girl'
    save windows.txt 'Once there was a cat.\r\n'
    answered 300
    verified answered
}

# An empty file whose name is the prompt: answered at once where the drive is ejected.
play_eject() {
    plugged
    mounted flush
    save 'The sun was warm.txt' ''
    unmounted
    began=$(plugging)
    ejected
    unplugged 30
    plugged
    [ "$(plugging)" -gt "$began" ] || fail "the drive came back without having been away"
    mounted
    answered 300
    verified answered
}

# And else after a long quiet time.
play_quiet() {
    plugged
    mounted flush
    save 'The moon was cold.txt' ''
    answered 300
    verified answered
}

# A computer that writes when it likes.
play_plain() {
    plugged
    mounted
    save plain.txt 'Once upon a time there was a plain dragon.\n'
    answered 400
    save plain.txt 'It went home.\n'
    answered 400
    verified answered
}

# Twenty questions at once, and one more while they are answered.
play_burst() {
    plugged
    mounted flush
    n_gone=0
    for i in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20; do
        save "burst$i.txt" "Story $i: once a cat\n"
    done
    sync
    thinking
    ! is_mount_dead || fail "the drive went away before there was an answer"
    save late.txt 'One day a late dog'
    answered 900
    say "21 questions were answered in $n_gone disconnects"
    [ "$n_gone" -le 10 ] || fail "that are too many"
    verified answered
}

# The computer holds on to the mount of the drive that has gone, with a file open, while it has mounted the drive anew.
play_both() {
    plugged
    mounted flush
    exec 3>> /mnt/photo.jpg
    save both.txt 'Once two birds met.\n'
    sync
    unplugged 300
    plugged
    mkdir -p /old
    mount --move /mnt /old
    mounted flush
    answered 300
    # What is written to the old one is lost, and harms nothing.
    { echo lost >&3; echo lost > /old/lost.txt; echo lost >> /old/both.txt; sync; } 2> /dev/null
    save new.txt 'Once a bird was alone.\n'
    answered 300
    exec 3>&-
    umount -l /old
    verified answered
}

# The service dies while it makes an answer, and the next one hangs: each is replaced, and takes the drive off before it
# touches the volume.
play_crash() {
    plugged
    mounted flush
    answers_of 48
    verified kept
    for signal in KILL STOP; do
        plugged
        mounted flush
        save "crash$signal.txt" 'Once upon a time there was a rabbit.\n'
        thinking
        began=$(plugging)
        kill -$signal "$(service)"
        unplugged 120
        plugged
        [ "$(plugging)" -gt "$began" ] || fail "the drive came back without having been away"
        mounted_again
        answered 300
        verified answered
    done
}

# The owner formats the drive as FAT32; later as something that the stick does not know.
play_reformat() {
    plugged
    mkdosfs "/dev/$(disk 0)" > /dev/null || fail "the drive cannot be formatted"
    sync
    say formatted
    mounted flush
    echo 'max tokens = 10' > /mnt/SETTINGS.TXT
    save new.txt 'Once upon a time there was a new drive.\n'
    sync
    answered 400
    keep photo.jpg 100000
    verified answered

    head -c 262144 /host/busybox > "/dev/$(disk 0)"
    sync
    say unknown
    unplugged 120
    plugged
    mounted flush
    has /mnt/STATUS.TXT 'cannot be used'
    [ -b "/dev/$(disk 1)" ] || fail "the old volume is not beside the fresh one"
    answers_of 10
    save fresh.txt 'Once upon a time there was a fresh drive.\n'
    sync
    answered 400
    has /mnt/fresh.txt 'Once upon a time there was a fresh drive.'
    unmounted
    head -c 262144 /host/busybox | cmp -n 262144 - "/dev/$(disk 1)" || fail "the old volume is another"
}

# After a cut: what was saved before is there, and what was asked is answered.
play_booted() {
    plugged
    mounted flush
    for name in README.TXT SETTINGS.TXT STATUS.TXT; do
        [ -s "/mnt/$name" ] || fail "$name is not there"
    done
    verified kept
    plugged
    mounted flush
    rm -rf /mnt/half
    answered 400
    verified answered
}

# The power goes while the stick makes its own files on a card that was never used; no computer is there yet.
play_cut_at_first() {
    power_cut 4
}

# While the computer writes, and has not written all.
play_cut_saving() {
    plugged
    mounted
    answers_of 48
    keep photo.jpg 100000
    verified kept
    plugged
    mounted
    mkdir /mnt/half
    for i in 1 2 3 4 5 6 7 8 9; do
        head -c 30000 /host/busybox > "/mnt/half/$i.dat"
    done
    sync &
    power_cut 3
}

# While the answer is made: what was saved more than three seconds before is on the card.
play_cut_thinking() {
    plugged
    mounted flush
    save cut.txt 'Once upon a time there was a dragon who was cut.\n'
    thinking
    power_cut
}

# cut_writing NAME WRITES: while the answer is written to the card, which takes nine writes or so.
cut_writing() {
    plugged
    mounted flush
    save "$1" 'Once upon a time there was a dragon.\n'
    thinking
    power_cut "$2" /sys/kernel/config/usb_gadget/llmzero/UDC
}
play_cut_writing_1() { cut_writing cut.txt 1; }
play_cut_writing_2() { cut_writing two.txt 2; }
play_cut_writing_3() { cut_writing cut.txt 4; }

# As soon as the drive has come back.
play_cut_back() {
    plugged
    mounted flush
    save back.txt 'One day a fish'
    thinking
    unplugged 300
    plugged
    power_cut
}

# As soon as the drive was ejected.
play_cut_ejected() {
    plugged
    mounted flush
    save 'One day a frog was green.txt' ''
    unmounted
    ejected
    unplugged 30
    power_cut
}
