// A program for the timing model: loops whose cycles the ARM1176's technical reference manual gives, and a walk through
// memory. Each loop is a function of its own, so that the report by symbol shows it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int n_steps = 10000;

} // namespace

// extern "C": names that a script can look for.
extern "C" {

// 8 products a step into one accumulator, each of which waits for the one before: 2 cycles a product.
__attribute__((noinline)) std::uint32_t one_accumulator(std::uint32_t x) {
    std::uint32_t sum = 0;
    for (int i = 0; i < n_steps; ++i) {
        __asm__("smlad %0, %1, %1, %0\n\tsmlad %0, %1, %1, %0\n\tsmlad %0, %1, %1, %0\n\tsmlad %0, %1, %1, %0\n\t"
                "smlad %0, %1, %1, %0\n\tsmlad %0, %1, %1, %0\n\tsmlad %0, %1, %1, %0\n\tsmlad %0, %1, %1, %0"
                : "+r"(sum)
                : "r"(x));
    }
    return sum;
}

// The same number of products into two: 1 cycle a product.
__attribute__((noinline)) std::uint32_t two_accumulators(std::uint32_t x) {
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    for (int i = 0; i < n_steps; ++i) {
        __asm__("smlad %0, %2, %2, %0\n\tsmlad %1, %2, %2, %1\n\tsmlad %0, %2, %2, %0\n\tsmlad %1, %2, %2, %1\n\t"
                "smlad %0, %2, %2, %0\n\tsmlad %1, %2, %2, %1\n\tsmlad %0, %2, %2, %0\n\tsmlad %1, %2, %2, %1"
                : "+r"(a), "+r"(b)
                : "r"(x));
    }
    return a + b;
}

// A word of every line of 1 MB, twice, with a PLD four lines ahead.
__attribute__((noinline)) std::uint32_t walk_memory(const std::uint32_t * words, std::uint32_t n_lines) {
    std::uint32_t sum = 0;
    for (int pass = 0; pass < 2; ++pass) {
        const std::uint32_t * at = words;
        for (std::uint32_t i = 0; i < n_lines; ++i) {
            std::uint32_t word;
            __asm__ volatile("pld [%1, #128]\n\tldr %0, [%1], #32" : "=r"(word), "+r"(at));
            sum += word;
        }
    }
    return sum;
}

} // extern "C"

int main() {
    constexpr std::uint32_t n_lines = 32768;
    auto * const words = static_cast<std::uint32_t *>(std::aligned_alloc(4096, (n_lines + 8) * 32));
    if (words == nullptr) {
        return 1;
    }
    for (std::uint32_t i = 0; i < (n_lines + 8) * 8; ++i) {
        words[i] = i;
    }
    std::printf("%lu\n",
                static_cast<unsigned long>(one_accumulator(3) + two_accumulators(3) + walk_memory(words, n_lines)));
    std::free(words);
    return 0;
}
