// Ejects a medium as eject(1), and with it file managers do: eject /dev/sda. busybox for ARM comes without it.
//
// The kernel forbids the removal of a medium that is open, so that comes first; then the medium is stopped and ejected
// (SCSI Block Commands 3: PREVENT ALLOW MEDIUM REMOVAL, START STOP UNIT with LOEJ).
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

namespace {

bool send(int device, std::array<unsigned char, 6> command) {
    std::array<unsigned char, 32> sense = {};
    sg_io_hdr request = {};
    request.interface_id = 'S';
    request.cmdp = command.data();
    request.cmd_len = command.size();
    request.dxfer_direction = SG_DXFER_NONE;
    request.sbp = sense.data();
    request.mx_sb_len = sense.size();
    request.timeout = 20000; // ms
    return ::ioctl(device, SG_IO, &request) == 0 && request.status == 0 && request.host_status == 0;
}

} // namespace

int main(int argc, char ** argv) {
    const int device = argc == 2 ? ::open(argv[1], O_RDONLY | O_NONBLOCK) : -1;
    if (device < 0 || !send(device, {0x1e, 0, 0, 0, 0, 0}) || !send(device, {0x1b, 0, 0, 0, 2, 0})) {
        std::fputs("eject: the medium stays\n", stderr);
        return 1;
    }
    return 0;
}
