// Ejects a medium as a file manager does: eject /dev/sda. busybox for ARM comes without it.
#include <cstdio>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <sys/ioctl.h>

int main(int argc, char ** argv) {
    const int device = argc == 2 ? ::open(argv[1], O_RDONLY | O_NONBLOCK) : -1;
    if (device < 0 || ::ioctl(device, CDROMEJECT) != 0) {
        std::perror("eject");
        return 1;
    }
    return 0;
}
