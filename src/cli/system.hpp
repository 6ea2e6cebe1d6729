// What the programs ask of the system, POSIX or Windows, with one name and meaning each. As errno tells.
//
// On Windows too, arguments, the environment and file names are UTF-8, and what is written and read are bytes:
// cmake/windows.manifest says so for a program as a whole (Windows 10 of May 2019 and later).
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#if defined(_WIN32)
#    if !defined(NOMINMAX)
#        define NOMINMAX
#    endif
#    include <io.h>
#    include <random>
#    include <windows.h>
#else
#    include <poll.h>
#    include <sys/statvfs.h>
#endif

namespace cli {

#if defined(_WIN32)

inline constexpr const char * path_separators = "/\\";

namespace detail {
[[nodiscard]] inline HANDLE handle_of(int descriptor) {
    return reinterpret_cast<HANDLE>(::_get_osfhandle(descriptor));
}
constexpr std::size_t most_at_once = std::size_t{1} << 30;
} // namespace detail

[[nodiscard]] inline bool is_terminal(int descriptor) {
    DWORD mode = 0;
    return ::GetConsoleMode(detail::handle_of(descriptor), &mode) != 0;
}

// Bytes as they are, and on a console UTF-8 and the escape sequences that other terminals know.
inline void prepare_standard_streams() {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        ::_setmode(descriptor, _O_BINARY);
    }
    ::SetConsoleOutputCP(CP_UTF8);
    for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
        DWORD mode = 0;
        if (::GetConsoleMode(detail::handle_of(descriptor), &mode) != 0) {
            ::SetConsoleMode(detail::handle_of(descriptor), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
        }
    }
}

[[nodiscard]] inline int open_file(const char * path, int flags) {
    return ::_open(path, flags | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
}

// What is typed on a console is read as UTF-16: in UTF-8, Windows gives a NUL for each letter beyond ASCII. Ctrl-Z at
// the start of a line ends it.
[[nodiscard]] inline std::ptrdiff_t read_some(int descriptor, char * into, std::size_t count) {
    if (!is_terminal(descriptor)) {
        return ::_read(descriptor, into, static_cast<unsigned>(std::min(count, detail::most_at_once)));
    }
    wchar_t units[1024];
    DWORD n = 0;
    const auto wanted = static_cast<DWORD>(std::min(count / 3, std::size(units))); // 3 bytes each at most
    if (::ReadConsoleW(detail::handle_of(descriptor), units, wanted, &n, nullptr) == 0) {
        errno = EIO;
        return -1;
    }
    constexpr wchar_t ctrl_z = 0x1a;
    if (n == 0 || units[0] == ctrl_z) {
        return 0;
    }
    return ::WideCharToMultiByte(CP_UTF8, 0, units, static_cast<int>(n), into, static_cast<int>(count), nullptr,
                                 nullptr);
}

[[nodiscard]] inline std::ptrdiff_t write_some(int descriptor, const char * from, std::size_t count) {
    return ::_write(descriptor, from, static_cast<unsigned>(std::min(count, detail::most_at_once)));
}

// Reading waits.
[[nodiscard]] inline bool wait_for_input(int, int) {
    return true;
}

// What a user may still write where the folder is; nothing where the system does not say.
[[nodiscard]] inline std::optional<std::uint64_t> free_bytes(const char * folder) {
    ULARGE_INTEGER free = {};
    return ::GetDiskFreeSpaceExA(folder, &free, nullptr, nullptr) != 0 ? std::optional(std::uint64_t{free.QuadPart})
                                                                       : std::nullopt;
}

[[nodiscard]] inline std::optional<std::uint32_t> random_bits() {
    return static_cast<std::uint32_t>(std::random_device()());
}

#else

inline constexpr const char * path_separators = "/";

[[nodiscard]] inline bool is_terminal(int descriptor) {
    return ::isatty(descriptor) == 1;
}

// A program may be started with standard input, output or error closed; the next file it opens would then
// take the number, and text would be written into it. Such numbers are taken by a file that cannot be written.
inline void prepare_standard_streams() {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) != descriptor) {
            return;
        }
    }
}

[[nodiscard]] inline int open_file(const char * path, int flags) {
    return ::open(path, flags | O_CLOEXEC, 0666);
}

[[nodiscard]] inline std::ptrdiff_t read_some(int descriptor, char * into, std::size_t count) {
    return ::read(descriptor, into, count);
}

[[nodiscard]] inline std::ptrdiff_t write_some(int descriptor, const char * from, std::size_t count) {
    return ::write(descriptor, from, count);
}

// Whether a reading would not wait. False after so many milliseconds, and after a signal.
[[nodiscard]] inline bool wait_for_input(int descriptor, int milliseconds) {
    pollfd wanted = {descriptor, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, milliseconds);
    return ready > 0 || (ready < 0 && errno != EINTR); // then reading fails as well, and says why
}

// What a user may still write where the folder is; nothing where the system does not say.
[[nodiscard]] inline std::optional<std::uint64_t> free_bytes(const char * folder) {
    struct statvfs disk = {};
    return ::statvfs(folder, &disk) == 0 ? std::optional(std::uint64_t{disk.f_bavail} * disk.f_frsize) : std::nullopt;
}

// Nothing where the kernel is too old.
[[nodiscard]] inline std::optional<std::uint32_t> random_bits() {
    std::uint32_t bits = 0;
    return ::getentropy(&bits, sizeof bits) == 0 ? std::optional(bits) : std::nullopt;
}

#endif

} // namespace cli
