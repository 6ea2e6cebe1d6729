// A file descriptor that is closed at the end.
#pragma once

#include <unistd.h>
#include <utility>

namespace stick {

class descriptor {
public:
    explicit descriptor(int number = -1) : number_(number) {}
    descriptor(descriptor && other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor & operator=(descriptor && other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    descriptor(const descriptor &) = delete;
    descriptor & operator=(const descriptor &) = delete;
    ~descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }

    [[nodiscard]] int get() const { return number_; }
    [[nodiscard]] bool is_open() const { return number_ >= 0; }
    [[nodiscard]] int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

} // namespace stick
