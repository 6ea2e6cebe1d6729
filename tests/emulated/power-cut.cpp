// Starts the board anew without taking anything to the card, as a power cut does.
//
//     power-cut WRITES [FILE]    as soon as the data partition has been written so many times more: 0, at once;
//                                with FILE (a gadget's UDC), looked at seldom before that is empty
//
// It comes before all other processes, so that it sees each write.
#include <cstdio>
#include <cstdlib>
#include <sched.h>
#include <time.h>

namespace {

// As the kernel counts them (Documentation/block/stat.rst); 0 where the card is not there yet.
unsigned long writes() {
    unsigned long n = 0;
    if (std::FILE * const file = std::fopen("/sys/block/mmcblk0/mmcblk0p2/stat", "r")) {
        static_cast<void>(std::fscanf(file, "%*u %*u %*u %*u %lu", &n));
        std::fclose(file);
    }
    return n;
}

bool is_empty(const char * path) {
    std::FILE * const file = std::fopen(path, "r");
    const int first = file == nullptr ? EOF : std::fgetc(file);
    if (file != nullptr) {
        std::fclose(file);
    }
    return first == EOF || first == '\n';
}

void wait_us(long us) {
    const timespec pause = {.tv_sec = 0, .tv_nsec = us * 1000};
    ::nanosleep(&pause, nullptr);
}

} // namespace

int main(int argc, char ** argv) {
    const sched_param first = {.sched_priority = 99};
    if (::sched_setscheduler(0, SCHED_FIFO, &first) != 0) {
        std::perror("power-cut");
        return 1;
    }
    const unsigned long last = writes() + std::strtoul(argc > 1 ? argv[1] : "0", nullptr, 10);
    while (argc > 2 && !is_empty(argv[2])) {
        wait_us(2000);
    }
    while (writes() < last) {
        wait_us(100);
    }
    if (std::FILE * const keys = std::fopen("/proc/sysrq-trigger", "w")) {
        std::fputc('b', keys);
        std::fclose(keys);
    }
    std::perror("power-cut");
    return 1;
}
