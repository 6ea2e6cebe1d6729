// The calls on files that systems have in ways of their own, POSIX or Windows, with one name and meaning each.
//
// Paths are UTF-8; Windows gets them in its wide form. A call that fails says why in errno. Offsets have 64 bits on
// 32-bit machines too, whatever _FILE_OFFSET_BITS says: a header cannot set it, since other headers may come first.
#pragma once

#include <llmzero/base/heap_array.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#if defined(_WIN32)
#    include <cstdlib>
#    include <io.h>
#    include <share.h>
struct _OVERLAPPED; // of <windows.h>
#else
#    include <sys/file.h>
#    include <sys/mman.h>
#    include <unistd.h>
#endif

namespace llmzero::inline LLMZERO_ABI {

namespace detail {

#if defined(_WIN32)

// What is used of <windows.h>, whose macros (near, far, min, max) would be in every program that uses this library.
namespace windows {

extern "C" {
__declspec(dllimport) int __stdcall MultiByteToWideChar(unsigned page, unsigned long flags, const char * text,
                                                        int bytes, wchar_t * into, int units);
__declspec(dllimport) int __stdcall ReadFile(void * file, void * into, unsigned long count, unsigned long * got,
                                             ::_OVERLAPPED * place);
__declspec(dllimport) int __stdcall MoveFileExW(const wchar_t * from, const wchar_t * to, unsigned long flags);
__declspec(dllimport) unsigned long __stdcall GetLastError();
}

struct overlapped { // as _OVERLAPPED
    std::uintptr_t state[2] = {};
    std::uint32_t offset[2] = {}; // low, high
    void * event = nullptr;
};

inline constexpr unsigned utf8 = 65001;                   // CP_UTF8
inline constexpr unsigned long is_strict = 8;             // MB_ERR_INVALID_CHARS
inline constexpr unsigned long end_of_file = 38;          // ERROR_HANDLE_EOF
inline constexpr unsigned long in_use = 32;               // ERROR_SHARING_VIOLATION
inline constexpr unsigned long replace_and_write = 1 | 8; // MOVEFILE_REPLACE_EXISTING, MOVEFILE_WRITE_THROUGH

} // namespace windows

using file_status = struct ::_stat64;

// Zero-terminated. Empty, and errno is set, where the path is no UTF-8 or memory has run out.
inline heap_array<wchar_t> wide_path(const char * path) {
    heap_array<wchar_t> wide;
    const int units = windows::MultiByteToWideChar(windows::utf8, windows::is_strict, path, -1, nullptr, 0);
    if (units < 1) {
        errno = EILSEQ;
    } else if (!wide.resize(static_cast<std::size_t>(units))) {
        errno = ENOMEM;
    } else {
        windows::MultiByteToWideChar(windows::utf8, windows::is_strict, path, -1, wide.data(), units);
    }
    return wide;
}

inline int open_to_read(const char * path) {
    const heap_array<wchar_t> wide = wide_path(path);
    return wide.empty() ? -1 : ::_wopen(wide.data(), _O_RDONLY | _O_BINARY | _O_NOINHERIT);
}
inline int status_of_file(int descriptor, file_status & into) {
    return ::_fstat64(descriptor, &into);
}
inline int status_of_path(const char * path, file_status & into) {
    const heap_array<wchar_t> wide = wide_path(path);
    return wide.empty() ? -1 : ::_wstat64(wide.data(), &into);
}
inline std::ptrdiff_t read_file(int descriptor, void * into, std::size_t count, std::uint64_t offset) {
    windows::overlapped place;
    place.offset[0] = static_cast<std::uint32_t>(offset);
    place.offset[1] = static_cast<std::uint32_t>(offset >> 32);
    unsigned long got = 0;
    const auto wanted = static_cast<unsigned long>(std::min<std::size_t>(count, 1u << 30));
    if (windows::ReadFile(reinterpret_cast<void *>(::_get_osfhandle(descriptor)), into, wanted, &got,
                          reinterpret_cast<::_OVERLAPPED *>(&place)) != 0 ||
        windows::GetLastError() == windows::end_of_file) {
        return static_cast<std::ptrdiff_t>(got);
    }
    errno = EIO;
    return -1;
}
inline std::ptrdiff_t write_file(int descriptor, const void * from, std::size_t count) {
    return ::_write(descriptor, from, static_cast<unsigned>(std::min<std::size_t>(count, 1u << 30)));
}
inline void close_file(int descriptor) {
    ::_close(descriptor);
}
inline int sync_file(int descriptor) {
    return ::_commit(descriptor);
}
inline void sync_folder(const char *) {}

inline void * map_file(int, std::size_t) {
    errno = ENOSYS;
    return nullptr;
}
inline void unmap_file(void *, std::size_t) {}

// Opens `path` to be written from its beginning, by this process alone. -1 where that is not possible, and errno is
// EWOULDBLOCK where another has it.
inline int open_alone(const char * path) {
    const heap_array<wchar_t> wide = wide_path(path);
    if (wide.empty()) {
        return -1;
    }
    const int flags = _O_WRONLY | _O_CREAT | _O_TRUNC | _O_BINARY | _O_NOINHERIT;
    const int descriptor = ::_wsopen(wide.data(), flags, _SH_DENYRW, _S_IREAD | _S_IWRITE);
    if (descriptor < 0 && _doserrno == windows::in_use) {
        errno = EWOULDBLOCK;
    }
    return descriptor;
}
// Closes and removes what open_alone() has opened.
inline void discard_file(int descriptor, const char * path) {
    const int before = errno;
    ::_close(descriptor); // an open file cannot be removed
    if (const heap_array<wchar_t> wide = wide_path(path); !wide.empty()) {
        ::_wunlink(wide.data());
    }
    errno = before;
}
// Closes it, and lets it take the place of `to`. 0; where that fails it is discarded.
inline int put_in_place(int descriptor, const char * path, const char * to) {
    const heap_array<wchar_t> from_wide = wide_path(path);
    const heap_array<wchar_t> to_wide = wide_path(to);
    if (from_wide.empty() || to_wide.empty()) {
        discard_file(descriptor, path);
        return -1;
    }
    ::_close(descriptor);
    if (windows::MoveFileExW(from_wide.data(), to_wide.data(), windows::replace_and_write) == 0) {
        ::_wunlink(from_wide.data());
        errno = EACCES; // somebody else has `to` open, or it is write-protected
        return -1;
    }
    return 0;
}

#else

// glibc and bionic name the calls whose offsets have 64 bits apart from those whose width depends on
// _FILE_OFFSET_BITS; elsewhere off_t must have 64 bits.
#    if defined(_LARGEFILE64_SOURCE) && defined(__linux__)
using file_status = struct ::stat64;
inline int open_file(const char * path, int flags) {
    return ::open64(path, flags, 0666); // the mode of a file that is made, less the user's mask
}
inline int status_of_file(int descriptor, file_status & into) {
    return ::fstat64(descriptor, &into);
}
inline int status_of_path(const char * path, file_status & into) {
    return ::stat64(path, &into);
}
inline std::ptrdiff_t read_file(int descriptor, void * into, std::size_t count, std::uint64_t offset) {
    return ::pread64(descriptor, into, count, static_cast<::off64_t>(offset));
}
#    else
static_assert(sizeof(::off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64: files may be larger than 2 GiB");
using file_status = struct ::stat;
inline int open_file(const char * path, int flags) {
    return ::open(path, flags, 0666);
}
inline int status_of_file(int descriptor, file_status & into) {
    return ::fstat(descriptor, &into);
}
inline int status_of_path(const char * path, file_status & into) {
    return ::stat(path, &into);
}
inline std::ptrdiff_t read_file(int descriptor, void * into, std::size_t count, std::uint64_t offset) {
    return ::pread(descriptor, into, count, static_cast<::off_t>(offset));
}
#    endif

inline int open_to_read(const char * path) {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    return open_file(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}
inline std::ptrdiff_t write_file(int descriptor, const void * from, std::size_t count) {
    return ::write(descriptor, from, count);
}
inline void close_file(int descriptor) {
    ::close(descriptor);
}
inline int sync_file(int descriptor) {
    return ::fsync(descriptor);
}
// So that a new name in it survives a power cut. Files are whole with or without it, so a failure does not count.
inline void sync_folder(const char * path) {
    const int descriptor = open_file(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        static_cast<void>(::fsync(descriptor));
        ::close(descriptor);
    }
}

// nullptr where it cannot be mapped.
inline void * map_file(int descriptor, std::size_t count) {
    void * const address = ::mmap(nullptr, count, PROT_READ, MAP_PRIVATE, descriptor, 0);
    return address == MAP_FAILED ? nullptr : address;
}
inline void unmap_file(void * address, std::size_t count) {
    ::munmap(address, count);
}

// Closes and removes what open_alone() has opened.
inline void discard_file(int descriptor, const char * path) {
    const int before = errno;
    ::unlink(path); // while it is locked: afterwards it may be somebody else's
    ::close(descriptor);
    errno = before;
}
// Opens `path` to be written from its beginning, by this process alone. -1 where that is not possible, and errno is
// EWOULDBLOCK where another has it.
inline int open_alone(const char * path) {
    // Between open and lock another writer may rename its file, and another again: then it is theirs.
    for (int attempt = 0; attempt < 8; ++attempt) {
        // Not through a link that somebody else may have put there.
        const int descriptor = open_file(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
        if (descriptor < 0) {
            return -1;
        }
        file_status opened{};
        file_status named{};
        if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0 && status_of_file(descriptor, opened) == 0 &&
            status_of_path(path, named) == 0 && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev) {
            if (::ftruncate(descriptor, 0) == 0) {
                return descriptor;
            }
            discard_file(descriptor, path);
            return -1;
        }
        ::close(descriptor); // not ours to remove
    }
    errno = EWOULDBLOCK;
    return -1;
}
// Lets it take the place of `to`, and closes it. 0; where that fails it is discarded.
inline int put_in_place(int descriptor, const char * path, const char * to) {
    if (std::rename(path, to) != 0) {
        discard_file(descriptor, path);
        return -1;
    }
    ::close(descriptor);
    return 0;
}

// The two signatures that strerror_r has, GNU's and POSIX's, told apart by what they return.
[[maybe_unused]] inline const char * text_of_error(const char * returned, const char *) {
    return returned;
}
[[maybe_unused]] inline const char * text_of_error(int returned, const char * buffer) {
    return returned == 0 ? buffer : "unknown error";
}

#endif

// The operating system's sentence for an errno value, without shared buffers.
class system_message {
public:
    explicit system_message(int number)
#if defined(_WIN32)
        : text_(::strerror_s(buffer_, sizeof buffer_, number) == 0 ? buffer_ : "unknown error"){}
#else
        : text_(text_of_error(::strerror_r(number, buffer_, sizeof buffer_), buffer_)) {
    }
#endif
          system_message(const system_message &) = delete;
    system_message & operator=(const system_message &) = delete;
    [[nodiscard]] const char * c_str() const {
        return text_;
    }

private:
    char buffer_[96] = {};
    const char * text_;
};

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI
