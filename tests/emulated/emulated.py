#!/usr/bin/env python3
"""Boots the image of tools/make-stick.sh in an emulated Raspberry Pi Zero, with a computer on the other end of its USB.

    emulated.py IMAGE WORK SCENARIO...

The kernel, the device tree, the command line and the initramfs are those of the image. A second archive behind the
initramfs brings busybox, the modules of dummy_hcd and usb-storage and host.sh, which plays the computer in the same
emulated machine; the stick's program stays the first process. After a scenario the volume is checked with fsck.vfat, and
what the computer saved is compared byte by byte.

WORK/apt is what tools/armel-packages.sh keeps, WORK/unpacked what tools/make-stick.sh has unpacked.
"""
import os
import re
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# QEMU lacks what these ask for; its watchdog resets the board as soon as it is set.
MISSING = "initcall_blacklist=bcm2835_power_driver_init,bcm2835_i2c_driver_init"
HOST_MODULES = ["drivers/usb/gadget/udc/dummy_hcd", "lib/crc64", "lib/crc64-rocksoft", "crypto/crct10dif_common", "lib/crc-t10dif",
                "block/t10-pi", "drivers/scsi/scsi_common", "drivers/scsi/scsi_mod", "drivers/scsi/sd_mod",
                "drivers/usb/storage/usb-storage"]


def run(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, **more).stdout


def partitions(image):
    """(first sector, sectors) of both."""
    table = run("sfdisk", "--dump", image, text=True)
    return [(int(a), int(b)) for a, b in re.findall(r"start=\s*(\d+), size=\s*(\d+)", table)]


class Board:
    def __init__(self, image, work):
        self.image, self.work = image, os.path.join(work, "emulated")
        self.unpacked = os.path.join(work, "unpacked")
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)
        self.boot, self.data = partitions(image)
        volume = f"{image}@@{self.boot[0] * 512}"
        for name in ("kernel.img", "bcm2835-rpi-zero-w.dtb", "cmdline.txt", "initramfs.gz"):
            run("mcopy", "-n", "-i", volume, f"::{name}", os.path.join(self.work, name))
        self.add_host(work)

    def path(self, name):
        return os.path.join(self.work, name)

    def add_host(self, work):
        packages = self.path("packages")
        run("sh", "-c", '. "$0/tools/armel-packages.sh" && armel_unpack "$1/apt" "$2" busybox-static', ROOT, work, packages)
        tree = self.path("tree")
        os.makedirs(os.path.join(tree, "host"))
        shutil.copy(os.path.join(packages, "bin/busybox"), os.path.join(tree, "host/busybox"))
        shutil.copy(os.path.join(HERE, "host.sh"), os.path.join(tree, "host/host.sh"))
        run("arm-linux-gnueabi-g++", "-static", "-Os", "-s", os.path.join(HERE, "eject.cpp"), "-o",
            os.path.join(tree, "host/eject"))
        modules = os.path.join(self.unpacked, "lib/modules")
        kernel = os.path.join(modules, os.listdir(modules)[0], "kernel")
        for module in HOST_MODULES:
            shutil.copy(os.path.join(kernel, module + ".ko"), os.path.join(tree, "host"))
        with open(os.path.join(tree, "host/order"), "w") as order:
            order.write("".join(os.path.basename(m) + ".ko\n" for m in HOST_MODULES))
        with open(os.path.join(tree, "test-init"), "w") as init:
            init.write("#!/host/busybox sh\n/host/busybox mknod /dev/null c 1 3\n/host/busybox sh /host/host.sh &\nexec /init\n")
        os.chmod(os.path.join(tree, "test-init"), 0o755)
        names = run("find", ".", cwd=tree)
        archive = run("cpio", "--quiet", "--create", "--format=newc", "--owner=0:0", input=names, cwd=tree)
        with open(self.path("initramfs.gz"), "rb") as first, open(self.path("initramfs"), "wb") as both:
            content = first.read()
            both.write(content + b"\0" * (-len(content) % 512) + archive)

    def fresh_card(self):
        card = self.path("card.img")
        shutil.copyfile(self.image, card)
        size = os.path.getsize(card)
        os.truncate(card, 1 << (size - 1).bit_length())  # what the emulated card reader wants
        return card

    def volume(self, card):
        """The data partition as a file of its own."""
        out = self.path("volume.img")
        with open(card, "rb") as whole, open(out, "wb") as part:
            whole.seek(self.data[0] * 512)
            part.write(whole.read(self.data[1] * 512))
        return out

    def play(self, scenario, card, timeout_s=300, cut=None):
        """Boots; returns what was said. `cut`: kill when a line of the console matches."""
        with open(self.path("cmdline.txt")) as line:
            words = line.read().strip().replace(" quiet", "")
        words += f" {MISSING} rdinit=/test-init llmzero.watchdog=none llmzero.udc=dummy_udc.0 host.scenario={scenario}"
        emulator = subprocess.Popen(
            ["qemu-system-arm", "-M", "raspi0", "-kernel", self.path("kernel.img"), "-dtb", self.path("bcm2835-rpi-zero-w.dtb"),
             "-initrd", self.path("initramfs"), "-drive", f"if=sd,format=raw,file={card},cache=writeback", "-append", words,
             "-display", "none", "-monitor", "none", "-serial", "null", "-serial", "stdio", "-no-reboot"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        timer = threading.Timer(timeout_s, emulator.kill)
        timer.start()
        said = []
        try:
            for raw in emulator.stdout:
                text = raw.decode(errors="replace").rstrip()
                said.append(text)
                if os.environ.get("LLMZERO_EMULATED_VERBOSE"):
                    print(text, flush=True)
                if "HOST end" in text or (cut and cut in text):
                    break
        finally:
            emulator.kill()
            emulator.wait()
            timer.cancel()
        return said

    def check_volume(self, card):
        volume = self.volume(card)
        checked = subprocess.run(["fsck.vfat", "-n", volume], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if checked.returncode != 0:
            raise AssertionError("fsck.vfat: " + checked.stdout)
        return volume

    def read(self, volume, name):
        return run("mtype", "-i", volume, f"::{name}")


def expect(what, condition):
    if not condition:
        raise AssertionError(what)


def expect_answer(board, volume, name, asked):
    text = board.read(volume, name)
    expect(f"{name} begins with what was saved, not {text[:80]!r}", text.startswith(asked))
    expect(f"{name} has an answer", len(text) > len(asked) + 20)


def flush(board, card):
    volume = board.check_volume(card)
    expect_answer(board, volume, "story.txt", b"Once upon a time there was a small dragon")
    story = board.read(volume, "story.txt")
    for turn in (2, 3):
        expect(f"turn {turn} is in the story", b"\nThe dragon had a friend %d" % turn in story)
    expect("three answers", story.count(b"llmzero") >= 3)
    expect_answer(board, volume, "deep/er/girl.txt", b"One day a girl")
    expect_answer(board, volume, "The sun was warm.txt", b"")


def plain(board, card):
    volume = board.check_volume(card)
    expect_answer(board, volume, "plain.txt", b"Once upon a time there was a plain dragon")
    expect_answer(board, volume, "late.txt", b"One day a late dog")
    for i in range(1, 21):
        expect_answer(board, volume, f"burst{i:02}.txt", b"Story %02d: once a cat" % i)


def reformat(board, card):
    """The last volume was in memory; the one on the card is as its owner left it."""
    with open(board.volume(card), "rb") as volume:
        expect("the volume that is none is untouched", not any(volume.read(4 * 65536)))


def again(board, card):
    volume = board.check_volume(card)
    expect_answer(board, volume, "cut.txt", b"Once upon a time there was a dragon who was cut")
    expect("one answer", board.read(volume, "cut.txt").count(b"llmzero") == 1)


# What is played, and until which line of the console; then the check.
SCENARIOS = {
    "flush": ([("flush", None)], flush),
    "plain": ([("plain", None)], plain),
    "reformat": ([("reformat", None)], reformat),
    "cut-thinking": ([("cut", "HOST saved"), ("again", None)], again),
    "cut-writing": ([("cut", "the drive is pulled"), ("again", None)], again),
    "cut-back": ([("cut", "the drive is back"), ("again", None)], again),
}


def main():
    image, work, *names = sys.argv[1:]
    board = Board(image, work)
    failed = []
    for name in names or SCENARIOS:
        began = time.monotonic()
        card = board.fresh_card()
        plays, check = SCENARIOS[name]
        said = []
        try:
            for scenario, cut in plays:
                said = board.play(scenario, card, cut=cut)
            expect("the computer's script passes", any("HOST passed" in line for line in said))
            check(board, card)
            verdict = "passed"
        except (AssertionError, subprocess.CalledProcessError) as problem:
            verdict = f"FAILED: {problem}"
            failed.append(name)
            print("\n".join(said[-60:]))
        print(f"{name}: {verdict}, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{len(SCENARIOS if not names else names) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
