#!/usr/bin/env python3
"""Boots the image of tools/make-stick.sh in an emulated Raspberry Pi Zero, with a computer on the other end of its USB.

    emulated.py IMAGE WORK [RUN...]

The kernel, the device tree, the command line and the initramfs are those of the image. A second archive behind the
initramfs brings busybox, the modules of dummy_hcd and usb-storage and computer.sh, which plays the computer in the same
emulated machine; the stick's program stays the first process. Whenever computer.sh asks for it, the data partition on
the card is checked with fsck.vfat, all that was saved is compared byte by byte as mtools read it, and the rest of the
card has to be as it was.

WORK/apt is what tools/armel-packages.sh keeps, WORK/unpacked what tools/make-stick.sh has unpacked. With
LLMZERO_EMULATED_VERBOSE in the environment the console is shown.
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
HOST_MODULES = ["drivers/usb/gadget/udc/dummy_hcd", "lib/crc64", "lib/crc64-rocksoft", "crypto/crct10dif_common",
                "lib/crc-t10dif", "block/t10-pi", "drivers/scsi/scsi_common", "drivers/scsi/scsi_mod", "drivers/scsi/sd_mod",
                "drivers/usb/storage/usb-storage"]
# The clock counts instructions, 8 ns each, and jumps to the next timer where there is nothing to do: waiting takes no
# time, and a busy machine changes nothing. By the machine's clock the board could stop for 71 minutes: when QEMU 7.2 is
# held up for longer than the timer that the kernel is about to set, its BCM2835 waits for the counter to wrap.
CLOCK = ["-icount", "shift=3,sleep=off"]
LONGEST_BOOT_S = 500

# One card each: what is played in one boot after the other. A cut ends its boot.
CUTS = ["saving", "thinking", "writing_1", "writing_2", "writing_3", "back", "ejected"]
RUNS = {
    "use": ["first,flush,eject,quiet,plain,both,burst"],
    "hosts": ["crash,reformat"],
    "cut": ["cut_at_first"] + [f"booted,cut_{where}" for where in CUTS] + ["booted"],
}

OWN_FILES = {"README.TXT", "SETTINGS.TXT", "STATUS.TXT"}
ANSWER = rb"(?:\r?\n)*--- llmzero: (?!no answer)[^\r\n]+ ---\r?\n[^\r\n].*?\n--- llmzero: write below this line to go on ---\r?\n"


def run(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, **more).stdout


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def partitions(image):
    """(first byte, bytes) of both."""
    table = run("sfdisk", "--dump", image, text=True)
    return [(int(a) * 512, int(b) * 512) for a, b in re.findall(r"start=\s*(\d+), size=\s*(\d+)", table)]


class Parts:
    """What the emulator is given: the image's own parts, and the computer behind them."""

    def __init__(self, image, work):
        self.image, self.folder = image, os.path.join(work, "emulated")
        self.boot, self.data = partitions(image)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        for name in ("kernel.img", "bcm2835-rpi-zero-w.dtb", "cmdline.txt", "initramfs.gz"):
            run("mcopy", "-n", "-i", f"{image}@@{self.boot[0]}", f"::{name}", self.path(name))
        with open(self.path("initramfs.gz"), "rb") as first, open(self.path("initramfs"), "wb") as both:
            content = first.read()
            both.write(content + b"\0" * (-len(content) % 512) + self.computer(work))

    def path(self, name):
        return os.path.join(self.folder, name)

    def computer(self, work):
        """The second archive."""
        packages, tree = self.path("packages"), self.path("tree")
        host = os.path.join(tree, "host")
        os.makedirs(host)
        run("sh", "-c", '. "$0/tools/armel-packages.sh" && armel_unpack "$1/apt" "$2" busybox-static', ROOT, work, packages)
        shutil.copy(os.path.join(packages, "bin/busybox"), host)
        for script in ("computer.sh", "scenarios.sh"):
            shutil.copy(os.path.join(HERE, script), host)
        for tool in ("eject", "power-cut"):
            run("arm-linux-gnueabi-g++", "-std=c++20", "-static", "-Os", "-s", os.path.join(HERE, tool + ".cpp"), "-o",
                os.path.join(host, tool))
        modules = os.path.join(work, "unpacked/lib/modules")
        for module in HOST_MODULES:
            shutil.copy(os.path.join(modules, os.listdir(modules)[0], "kernel", module + ".ko"), host)
        with open(os.path.join(host, "order"), "w") as order:
            order.write("".join(os.path.basename(module) + ".ko\n" for module in HOST_MODULES))
        with open(os.path.join(tree, "test-init"), "w") as init:
            init.write("#!/host/busybox sh\n/host/busybox mknod /dev/null c 1 3\n"
                       "/host/busybox sh /host/computer.sh &\nexec /init\n")
        os.chmod(os.path.join(tree, "test-init"), 0o755)
        names = run("find", ".", cwd=tree)
        return run("cpio", "--quiet", "--create", "--format=newc", "--owner=0:0", input=names, cwd=tree)


class Card:
    """An SD card with the image, and what was saved on its data partition."""

    def __init__(self, parts):
        self.parts = parts
        self.path, self.volume = parts.path("card.img"), parts.path("volume.img")
        shutil.copyfile(parts.image, self.path)
        size = os.path.getsize(self.path)
        os.truncate(self.path, 1 << (size - 1).bit_length())  # what the emulated card reader wants
        self.begin()

    def begin(self):
        self.texts = {}  # what was saved in each file, one piece after the other
        self.kept = {}   # how many bytes of busybox are in others

    def check(self, how):
        """`answered`: everything is; `kept`: what was saved last in a file may wait for its answer."""
        self.check_rest()
        checked = subprocess.run(["fsck.vfat", "-n", self.volume], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        expect(checked.returncode == 0, "fsck.vfat: " + checked.stdout)
        found = self.files()
        there, expected = set(found) - OWN_FILES, set(self.texts) | set(self.kept)
        if how == "kept":  # the power was cut while files of half/ were written
            there = {name for name in there if not name.startswith("half/")}
        expect(there == expected, f"the files are those that were saved, without {expected - there}, with {there - expected}")
        with open(self.parts.path("packages/bin/busybox"), "rb") as busybox:
            everything = busybox.read()
        for name, size in self.kept.items():
            expect(found[name] == everything[:size], f"{name} is as it was saved")
        for name, pieces in self.texts.items():
            wanted = ANSWER.join(re.escape(piece) for piece in pieces) + b"(" + ANSWER + (b")" if how == "answered" else b")?")
            expect(re.fullmatch(wanted, found[name], re.DOTALL), f"{name} has all of {pieces} and is {how}, not {found[name]!r}")
            is_of_windows = any(b"\r\n" in piece for piece in pieces)
            expect(not is_of_windows or not re.search(rb"(?<!\r)\n", found[name]), f"{name} has the line ends that it had")

    def check_rest(self):
        """Takes the data partition out; everything else has to be as in the image."""
        begin, size = self.parts.data
        with open(self.path, "rb") as card, open(self.parts.image, "rb") as image, open(self.volume, "wb") as volume:
            expect(card.read(begin) == image.read(begin), "the card in front of the data partition is as it was made")
            volume.write(card.read(size))
            expect(not any(card.read()), "nothing is written behind the data partition")

    def files(self):
        """Name and content of each, as mtools read them."""
        tree = self.parts.path("files")
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(tree)
        run("mcopy", "-s", "-n", "-Q", "-i", self.volume, "::", tree, env={**os.environ, "LC_ALL": "C.UTF-8"})
        found = {}
        for folder, _, names in os.walk(tree):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.relpath(file.name, tree)] = file.read()
        return found


class Board:
    """One boot."""

    def __init__(self, parts, card, play):
        self.card, self.console, self.cut = card, [], False
        with open(parts.path("cmdline.txt")) as line:
            words = line.read().strip()
        words += f" {MISSING} rdinit=/test-init llmzero.watchdog=none llmzero.udc=dummy_udc.0 host.play={play}"
        self.emulator = subprocess.Popen(
            ["qemu-system-arm", "-M", "raspi0", *CLOCK, "-kernel", parts.path("kernel.img"), "-dtb",
             parts.path("bcm2835-rpi-zero-w.dtb"), "-initrd", parts.path("initramfs"), "-drive",
             f"if=sd,format=raw,file={card.path}", "-append", words, "-display", "none", "-monitor", "none", "-serial", "null",
             "-serial", "stdio", "-no-reboot"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self):
        """Until the computer has done all, or has cut the power."""
        timer = threading.Timer(LONGEST_BOOT_S, self.emulator.kill)
        timer.start()
        try:
            for raw in self.emulator.stdout:
                line = raw.decode(errors="replace").rstrip()
                self.console.append(line)
                if os.environ.get("LLMZERO_EMULATED_VERBOSE"):
                    print(line, flush=True)
                _, said, what = line.partition("HOST ")
                if said and self.hear(what):
                    return
        finally:
            timer.cancel()
            self.emulator.kill()
            self.emulator.wait()
        expect(self.cut, "the board stopped, or took longer than allowed")

    def hear(self, what):
        word, _, rest = what.partition(" ")
        name, _, value = rest.partition("|")
        if word == "saved":
            text = value.replace("\\r", "\r").replace("\\n", "\n").encode()
            self.card.texts.setdefault(name, []).append(text)
        elif word == "kept":
            self.card.kept[re.sub("[\U00010000-\U0010ffff]", "__", name)] = int(value)  # so mtools shows them
        elif word == "formatted":
            self.card.begin()
        elif word == "check":
            self.card.check(rest)
            self.emulator.stdin.write(b"go\n")
            self.emulator.stdin.flush()
        elif word == "cut":
            self.cut = True
        expect(word != "FAILED:", what)
        return word == "end"


def play(parts, name):
    """Whether all went as it should."""
    began = time.monotonic()
    card = Card(parts)
    for number, scenarios in enumerate(RUNS[name]):
        board = Board(parts, card, scenarios)
        try:
            board.run()
        except (AssertionError, OSError, subprocess.CalledProcessError) as problem:
            print("\n".join(board.console[-100:]))
            print(f"{name}: FAILED in boot {number + 1}, {scenarios}: {problem}", flush=True)
            return False
    print(f"{name}: passed, {time.monotonic() - began:.0f} s", flush=True)
    return True


def main():
    image, work, *names = sys.argv[1:]
    parts = Parts(image, work)
    failed = [name for name in names or RUNS if not play(parts, name)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
